import type { Finding } from '@millrace/contracts';
import type { Database } from './database.js';
import { SecretError, type SecretBox } from './secrets.js';
import * as sql from './sql/sealed.js';

/**
 * Whether MILLRACE_SECRET_KEY is the one that this database's secrets were sealed with. A known text, sealed with the key,
 * is kept beside them (K1: it is sealed with the newest key that may be needed to read anything).
 */
export interface SecretCheck {
  /** As `state`, and keeps nothing: `unset` where there is no check text yet. */
  look(): Promise<'current' | 'older' | 'wrong' | 'unset'>;
  /** `older`: with one of the older keys; the secrets should be rotated. Keeps a check text where there is none yet. */
  state(): Promise<'current' | 'older' | 'wrong'>;
  findings(): Promise<Finding[]>;
}

export const checkName = 'secret-check';
export const checkText = 'millrace';

export function createSecretCheck(database: Database, secrets: SecretBox): SecretCheck {
  const opens = (sealed: string): boolean => {
    try {
      return secrets.open(sealed, checkName) === checkText;
    } catch (error) {
      if (error instanceof SecretError) return false;
      throw error;
    }
  };
  const kept = async (): Promise<string | undefined> =>
    (await database.query<{ value: string }>(sql.setting, [checkName]))[0]?.value;

  /** A database from before there was a check: what it holds tells. */
  const knowsSecrets = async (): Promise<boolean> => {
    const rows = await database.query<{ sealed: string }>(sql.someSealed, []);
    return rows.every(({ sealed }) => secrets.knowsKeyOf(sealed));
  };

  const look: SecretCheck['look'] = async () => {
    const sealed = await kept();
    if (sealed === undefined) return (await knowsSecrets()) ? 'unset' : 'wrong';
    if (!opens(sealed)) return 'wrong';
    return secrets.isCurrent(sealed) ? 'current' : 'older';
  };

  const state: SecretCheck['state'] = async () => {
    for (;;) {
      const found = await look();
      if (found !== 'unset') return found;
      await database.query(sql.keepSetting, [checkName, secrets.seal(checkText, checkName)]);
    }
  };

  return {
    look,
    state,
    async findings() {
      if ((await state()) !== 'wrong') return [];
      return [
        {
          check: 'secret-key',
          problem: 'MILLRACE_SECRET_KEY is not the key that the secrets in this database were sealed with.',
          remedy:
            'Set the right key; after a change of keys, name the earlier one in MILLRACE_SECRET_KEY_PREVIOUS (docs/secrets.md).',
        },
      ];
    },
  };
}
