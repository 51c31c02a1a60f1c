export * from './addresses.js';
export type { Resolver } from './connector.js';
export * from './outbound.js';
