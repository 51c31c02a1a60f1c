export * from './env.js';
export * from './page.js';
export * from './slices.js';
export * from './values.js';
