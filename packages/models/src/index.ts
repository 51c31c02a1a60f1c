export * from './models.js';
export { shortProviderName } from './catalog.js';
export { parsePrices, type PriceOverrides } from './prices.js';
