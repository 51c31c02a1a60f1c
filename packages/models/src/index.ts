export * from './models.js';
export { shortProviderName } from './credentials.js';
