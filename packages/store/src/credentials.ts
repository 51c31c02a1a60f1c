import type { CredentialSource } from '@millrace/contracts';
import type { Database } from './database.js';
import type { SecretBox } from './secrets.js';

export interface CredentialRepository extends CredentialSource {
  /** Saves or replaces a provider's credentials. */
  save(tenantId: string, provider: string, credentials: Record<string, string>): Promise<void>;
  /** Providers that have credentials, by name. */
  providers(tenantId: string): Promise<string[]>;
}

/** `openai` and `langgenius/openai/openai` are the same provider: its last path segment. */
export const providerKey = (provider: string): string => provider.slice(provider.lastIndexOf('/') + 1).trim();

export function createCredentialRepository({ prisma }: Database, secrets: SecretBox): CredentialRepository {
  const place = (tenantId: string, key: string) => `credentials:${tenantId}:${key}`;

  return {
    async save(tenantId, provider, credentials) {
      const key = providerKey(provider);
      const sealed = secrets.seal(JSON.stringify(credentials), place(tenantId, key));
      await prisma.providerCredential.upsert({
        where: { tenantId_provider: { tenantId, provider: key } },
        create: { tenantId, provider: key, sealed },
        update: { sealed },
      });
    },

    async credentials(tenantId, provider) {
      const key = providerKey(provider);
      const row = await prisma.providerCredential.findUnique({
        where: { tenantId_provider: { tenantId, provider: key } },
      });
      return row ? (JSON.parse(secrets.open(row.sealed, place(tenantId, key))) as Record<string, string>) : undefined;
    },

    async providers(tenantId) {
      const rows = await prisma.providerCredential.findMany({ where: { tenantId }, orderBy: { provider: 'asc' } });
      return rows.map((row) => row.provider);
    },
  };
}
