/** Every suite runs on the sources, through swc; the engines under test are the real ones. */
export default {
  testEnvironment: 'node',
  // `source` makes the subpath imports of package.json resolve to the TypeScript files.
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  // Not `metadata.json.js`, which is a module beside its JSON.
  moduleNameMapper: { '^(\\.{1,2}/.*(?<!\\.json))\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['@swc/jest', { swcrc: true }] },
  testMatch: ['<rootDir>/{apps,libs,test}/**/*.spec.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/test/bench/peers'],
  testTimeout: 120_000,
  maxWorkers: 2,
};
