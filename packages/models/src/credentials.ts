/** Credentials of one provider as they were saved, under our names or Dify's. */
export type Credentials = Readonly<Record<string, string>>;

const publicNames =
  /(url|endpoint|base|organization|model|model_name|endpoint_id|mode|method|version|region|location|project_id|host|type|size|support|tokens)$/;

/** The secrets among credentials, longest first, to be blotted out of messages. */
export function secretsOf(credentials: Credentials): string[] {
  const secrets = Object.entries(credentials).flatMap(([name, value]) =>
    publicNames.test(name) ? passwordOf(value) : [value.trim(), ...innerSecrets(value)],
  );
  return [...new Set(secrets)].filter((value) => value.length >= 4).sort((a, b) => b.length - a.length);
}

/** The first field that is not blank and whose name fits, such as `openai_api_key` for `api_key`. */
export function pick(credentials: Credentials, name: RegExp): string | undefined {
  const found = Object.entries(credentials).find(([key, value]) => name.test(key) && value.trim() !== '');
  return found?.[1].trim();
}

export const apiKeyName = /(^|_)api_?key$/;
export const addressName =
  /^(?!use_)(.*_)?(base_url|api_base|api_url|endpoint_url|endpoint|server_url|api_endpoint_host)$/;

/** A Google service account's key file, as text or base64, in its parts. */
export interface ServiceAccount {
  email: string;
  privateKey: string;
  projectId: string | undefined;
}

/** Reads a service account's key; `undefined` when the text is none. */
export function parseServiceAccount(text: string): ServiceAccount | undefined {
  const json = text.trimStart().startsWith('{') ? text : Buffer.from(text, 'base64').toString('utf8');
  try {
    const { client_email: email, private_key: privateKey, project_id: projectId } = JSON.parse(json) as Key;
    if (typeof email !== 'string' || typeof privateKey !== 'string') return undefined;
    return { email, privateKey, projectId: typeof projectId === 'string' ? projectId : undefined };
  } catch {
    // Not JSON: no key.
    return undefined;
  }
}

interface Key {
  client_email?: unknown;
  private_key?: unknown;
  project_id?: unknown;
}

/** An address is no secret, but what it may carry is. */
function passwordOf(value: string): string[] {
  const { password = '' } = URL.parse(value.trim()) ?? {};
  return password === '' ? [] : [password];
}

function innerSecrets(value: string): string[] {
  const account = value.length > 40 ? parseServiceAccount(value) : undefined;
  return account ? [account.privateKey] : [];
}
