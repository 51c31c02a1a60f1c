import type { KeyedProtocol } from './catalog.js';
import type { ServiceAccount } from './credentials.js';

interface Reachable {
  /** Last segment of the provider's name. */
  provider: string;
  baseUrl: string;
  /** Name that the provider knows the model by, when the credentials give one. */
  modelName?: string | undefined;
}

/** What is needed to reach a provider for one tenant. */
export type ProviderAccess = Reachable &
  (
    | {
        protocol: KeyedProtocol;
        apiKey: string | undefined;
        organization: string | undefined;
      }
    | { protocol: 'azure'; apiKey: string; apiVersion: string; baseModel: string | undefined }
    | { protocol: 'bedrock'; region: string; login: { apiKey: string } | AwsKeys }
    | { protocol: 'vertex'; project: string; location: string; login: { apiKey: string } | ServiceAccount }
  );

export interface AwsKeys {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string | undefined;
}
