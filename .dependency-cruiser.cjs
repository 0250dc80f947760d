/** The arrows between the packages: model ← plugin-sdk, manifest, engine ← plugin-host, store, queue ← runtime. */

/** What each package may import of ours. A package that is not named here may import nothing of ours. */
const MAY_IMPORT = {
  model: [],
  'plugin-sdk': ['model'],
  manifest: ['model'],
  engine: ['model', 'manifest'],
  'plugin-host': ['model', 'manifest', 'engine', 'plugin-sdk'],
  store: ['model', 'engine'],
  queue: ['model', 'engine'],
  importers: ['model', 'engine'],
  cli: ['model', 'engine'],
  simulators: [],
  'plugin-kit': ['model', 'manifest'],
  testing: [
    'model',
    'manifest',
    'engine',
    'plugin-host',
    'plugin-sdk',
    'store',
    'queue',
    'simulators',
    'plugin-kit',
  ],
};

const rules = Object.entries(MAY_IMPORT).map(([name, allowed]) => ({
  name: `arrows-of-${name}`,
  comment: `packages/${name} may import of ours only: ${allowed.join(', ') || 'nothing'}.`,
  severity: 'error',
  from: { path: `^packages/${name}/src/`, pathNot: '\\.test\\.ts$' },
  to: {
    path: '^(packages|plugins|runtime)/',
    pathNot: `^packages/(${[name, ...allowed].join('|')})/`,
  },
}));

module.exports = {
  forbidden: [
    ...rules,
    {
      name: 'plugins-import-the-sdk-only',
      comment: 'A plugin imports @drover/plugin-sdk and its vendor’s client, nothing else.',
      severity: 'error',
      from: { path: '^plugins/([^/]+)/[^/]+/src/', pathNot: '\\.test\\.ts$' },
      to: { pathNot: ['^packages/(plugin-sdk|model)/', '^plugins/$1/'] },
    },
    {
      name: 'nothing-imports-the-testing-package',
      comment: 'Only tests and proofs may import packages/testing.',
      severity: 'error',
      from: {
        path: '^(packages|plugins|runtime)/',
        pathNot: ['\\.test\\.ts$', '^packages/testing/', '^runtime/src/(end-to-end|proof)/'],
      },
      to: { path: '^packages/testing/' },
    },
    {
      name: 'tsyringe-lives-in-the-runtime',
      comment: 'Packages are plain classes with their ports in the constructor.',
      severity: 'error',
      from: { path: '^(packages|plugins)/' },
      to: { path: 'node_modules/tsyringe' },
    },
    {
      name: 'no-cycles',
      comment: 'Modules that need each other are one module, or miss a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolvable',
      comment: 'An import that resolves to nothing fails at run time.',
      severity: 'error',
      from: { pathNot: '^bench/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['/dist/', '/museum/', '/fixtures/'] },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.json', '.mjs'],
      exportsFields: ['exports'],
      conditionNames: ['types', 'import', 'node', 'default'],
      mainFields: ['module', 'main', 'types'],
    },
    tsConfig: { fileName: 'tsconfig.test.json' },
  },
};
