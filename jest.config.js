// Tests run as compiled by `npm run build`, as native ES modules.
export default {
  testMatch: ['<rootDir>/{packages,apps}/*/dist/**/*.test.js', '<rootDir>/{packages,apps}/*/dist/**/*.itest.js'],
  transform: {},
  globalSetup: '<rootDir>/scripts/test-services.mjs',
  globalTeardown: '<rootDir>/scripts/test-services-end.mjs',
  maxWorkers: 2,
  testTimeout: 60_000,
  // The workspace packages appear under their real paths only.
  modulePathIgnorePatterns: ['<rootDir>/\\.turbo/', '<rootDir>/\\.millrace/'],
  watchPathIgnorePatterns: ['/src/'],
};
