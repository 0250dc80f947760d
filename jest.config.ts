import type { Config } from 'jest';

const swc = {
  swcrc: false,
  module: { type: 'es6' },
  jsc: {
    target: 'es2023',
    keepClassNames: true,
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: false, useDefineForClassFields: true },
  },
};

/** Measures times: what runs beside it would be measured as well. */
const ALONE = '<rootDir>/runtime/src/proof/shared-limits.test.ts';

const suites = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['<rootDir>/packages/testing/jest/swc-past-barrels.mjs', swc] },
  moduleNameMapper: {
    '^@drover/([^/]+)$': '<rootDir>/packages/$1/src/index.ts',
    '^@drover/([^/]+)/(.+)$': '<rootDir>/packages/$1/src/$2.ts',
    '^@drover-plugins/crowdstrike-client$': '<rootDir>/plugins/crowdstrike/client/src/index.ts',
    '^@drover-plugins/netskope-client$': '<rootDir>/plugins/netskope/client/src/index.ts',
    '^@drover-plugins/netskope-(?!client)([^/]+)$': '<rootDir>/plugins/netskope/$1/src/index.ts',
    '^@drover-plugins/palo-alto-saas-security-(.+)$':
      '<rootDir>/plugins/palo-alto-saas-security/$1/src/index.ts',
    '^@drover-plugins/okta-(.+)$': '<rootDir>/plugins/okta/$1/src/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  globalSetup: '<rootDir>/packages/testing/src/databases/jest-global-setup.ts',
  globalTeardown: '<rootDir>/packages/testing/src/databases/jest-global-teardown.ts',
} satisfies Config;

const config: Config = {
  // Suites of one runner begin when those of the other have ended; other options make another runner.
  projects: [
    {
      ...suites,
      testMatch: ['<rootDir>/{examples,packages,plugins,runtime}/**/src/**/*.test.ts'],
      testPathIgnorePatterns: ['/node_modules/', ALONE],
    },
    { ...suites, testMatch: [ALONE], runner: ['jest-runner', { alone: true }] },
  ],
  testSequencer: '<rootDir>/packages/testing/jest/longest-first.mjs',
  // More than the two processors of the machines that this runs on: much of what suites do is waiting.
  maxWorkers: 3,
  testTimeout: 20_000,
};
export default config;
