export * from './addresses.js';
export type { Resolver } from './guard.js';
export * from './outbound-options.js';
export * from './outbound.js';
export type { ProxySettings } from './proxies.js';
