import { ApiError } from '@millrace/contracts';
import type { AppAccess, FindAppAccess } from './ports.js';

/**
 * Reads a bearer token (service-api 1.2, checks 1 and 2).
 * @throws ApiError `unauthorized`
 */
export function parseBearer(header: string | undefined): string {
  const space = header?.indexOf(' ') ?? -1;
  if (header === undefined || space < 0) {
    throw new ApiError('unauthorized', "Authorization header must be provided and start with 'Bearer'");
  }
  if (header.slice(0, space).toLowerCase() !== 'bearer') {
    throw new ApiError('unauthorized', "Authorization scheme must be 'Bearer'");
  }
  return header.slice(space + 1).trim();
}

/**
 * Finds the app a request may act on (service-api 1.2, checks 1 to 8 in this order; 4 and 7 cannot
 * fail, because a key goes with its app and an app with its tenant).
 * @throws ApiError `unauthorized` or `forbidden`
 */
export async function authenticateApp(header: string | undefined, find: FindAppAccess): Promise<AppAccess> {
  const token = parseBearer(header);
  const access = token.startsWith('app-') ? await find(token) : undefined;
  if (!access) throw new ApiError('unauthorized', 'Access token is invalid');
  if (access.appStatus !== 'normal') throw new ApiError('forbidden', "The app's status is abnormal.");
  if (!access.enableApi) throw new ApiError('forbidden', "The app's API service has been disabled.");
  requireNormalTenant(access.tenantStatus);
  return access;
}

/**
 * @throws ApiError `forbidden`
 */
export function requireNormalTenant(status: string): void {
  if (status !== 'normal') throw new ApiError('forbidden', `The workspace's status is ${status}.`);
}

/**
 * @throws ApiError `not_workflow_app`
 */
export function requireWorkflowMode({ appMode }: AppAccess, ...alsoAllowed: string[]): void {
  if (appMode !== 'workflow' && !alsoAllowed.includes(appMode)) throw new ApiError('not_workflow_app');
}
