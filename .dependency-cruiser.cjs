/** The layer rules of docs/architecture.md: arrows point one way only. */
const only = (from, ...to) => ({
  name: `${from}-sees-only-${to.join('-') || 'itself'}`,
  severity: 'error',
  from: { path: `^libs/${from}/`, pathNot: '\\.spec\\.ts$' },
  to: { path: '^(libs|apps|test)/', pathNot: [`^libs/${from}/`, ...to.map((lib) => `^libs/${lib}/`)] },
});

module.exports = {
  forbidden: [
    only('eventing'),
    only('crm', 'eventing'),
    only('statistics'),
    only('sqlite'),
    only('postgres', 'eventing'),
    only('platform', 'eventing'),
    only('event-store', 'eventing', 'sqlite', 'postgres'),
    only('event-stream', 'eventing', 'event-store', 'platform'),
    only('warehouse', 'eventing', 'event-stream', 'platform'),
    only('personal-data', 'eventing', 'sqlite', 'postgres'),
    {
      name: 'only-apps-know-nest',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: 'node_modules/(@nestjs|class-validator|class-transformer|fastify|@fastify)/' },
    },
    {
      name: 'pure-libraries-do-no-input-or-output',
      severity: 'error',
      from: { path: '^libs/(eventing|crm|statistics)/', pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(assert)$' },
    },
    {
      name: 'products-do-not-use-tests',
      severity: 'error',
      from: { path: '^(libs|apps)/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^test/' },
    },
    {
      name: 'no-development-packages-in-the-product',
      severity: 'error',
      from: { path: '^(libs|apps)/', pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], pathNot: 'node_modules/@types/' },
    },
    {
      name: 'no-circles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'nothing-unresolved',
      severity: 'error',
      from: { pathNot: '^test/bench/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^test/bench/peers' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    enhancedResolveOptions: {
      conditionNames: ['source', 'import', 'node', 'default'],
      exportsFields: ['exports'],
      mainFields: ['module', 'main', 'types'],
      extensions: ['.ts', '.mts', '.js', '.mjs', '.cjs', '.json', '.node'],
    },
  },
};
