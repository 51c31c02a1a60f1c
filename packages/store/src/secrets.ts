import { createCipheriv, createDecipheriv, createHash, randomBytes, scryptSync } from 'node:crypto';

/**
 * Encrypts what must be shown or used again. Format: `v1.<key id>.<iv>.<tag>.<ciphertext>` (base64url);
 * the key id names the secret key it was made with, so that keys can be rotated.
 */
export interface SecretBox {
  /** `context` binds the text to its place (a row); opening it elsewhere fails. */
  seal(text: string, context: string): string;
  /** @throws SecretError when the text was sealed with another key, for another place, or was changed */
  open(sealed: string, context: string): string;
  /** Id of the key that seals now. */
  readonly keyId: string;
  /** Whether a text was sealed with the key that seals now. */
  isCurrent(sealed: string): boolean;
  /** Whether a text was sealed with one of the keys, as it says itself. */
  knowsKeyOf(sealed: string): boolean;
}

/** Sealed text that cannot be opened. Never holds the text. */
export class SecretError extends Error {
  override name = 'SecretError';
}

interface Key {
  id: string;
  bytes: Buffer;
}

/** One key per secret: scrypt, because operators may choose words (about 50 ms, once per process). */
function deriveKey(secretKey: string): Key {
  const bytes = scryptSync(secretKey, 'millrace.secrets.v1', 32);
  return { id: createHash('sha256').update(bytes).digest('hex').slice(0, 8), bytes };
}

/**
 * AES-256-GCM under a key derived from `secretKey` (MILLRACE_SECRET_KEY, at least 32 characters).
 * `olderKeys` still open what they sealed.
 */
export function createSecretBox(secretKey: string, olderKeys: readonly string[] = []): SecretBox {
  const current = deriveKey(secretKey);
  const keys = new Map([current, ...olderKeys.map(deriveKey)].map((key) => [key.id, key]));

  const keyIdOf = (sealed: string): string => sealed.split('.', 2)[1] ?? '';

  return {
    keyId: current.id,
    isCurrent: (sealed) => keyIdOf(sealed) === current.id,
    knowsKeyOf: (sealed) => keys.has(keyIdOf(sealed)),

    seal(text, context) {
      const iv = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', current.bytes, iv).setAAD(Buffer.from(context));
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      const parts = [iv, cipher.getAuthTag(), body].map((part) => part.toString('base64url'));
      return ['v1', current.id, ...parts].join('.');
    },

    open(sealed, context) {
      const [version, keyId, iv, tag, body] = sealed.split('.');
      if (version !== 'v1' || keyId === undefined || iv === undefined || tag === undefined || body === undefined) {
        throw new SecretError('Not a sealed text.');
      }
      const key = keys.get(keyId);
      if (!key) throw new SecretError('Sealed with another MILLRACE_SECRET_KEY than the one in use.');
      const decipher = createDecipheriv('aes-256-gcm', key.bytes, Buffer.from(iv, 'base64url'));
      decipher.setAAD(Buffer.from(context)).setAuthTag(Buffer.from(tag, 'base64url'));
      try {
        return decipher.update(body, 'base64url', 'utf8') + decipher.final('utf8');
      } catch (error) {
        throw new SecretError('A sealed text was changed or moved.', { cause: error });
      }
    },
  };
}

/** What tokens are looked up by; they are random, so a plain hash is enough. */
export const tokenHash = (token: string): string => createHash('sha256').update(token).digest('hex');

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** `prefix` and `length` random characters of A-Z, a-z, 0-9. */
export function newToken(prefix: string, length: number): string {
  let token = prefix;
  while (token.length < prefix.length + length) {
    // 248 = 4 * 62: bytes above it are thrown away so that all characters are equally likely.
    for (const byte of randomBytes(length)) {
      if (byte < 248 && token.length < prefix.length + length) token += alphabet.charAt(byte % 62);
    }
  }
  return token;
}
