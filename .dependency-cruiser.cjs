// Who may import whom. A folder may always import itself; anything not listed is an error.
// "x:types" allows what is erased at run time only. "port" is lib/broker without its drivers.
const MAY_IMPORT = {
  errors: [],
  collections: [],
  context: [],
  environment: [],
  protocol: ['errors', 'environment'],
  port: ['errors', 'environment'],
  driver: ['port', 'errors', 'environment'],
  hooks: ['protocol:types', 'errors'],
  delivery: ['collections', 'protocol', 'hooks', 'port:types', 'errors', 'environment'],
  client: ['collections', 'protocol', 'context', 'hooks', 'port', 'errors', 'environment'],
  server: ['protocol', 'context', 'hooks', 'port', 'delivery', 'errors', 'environment'],
  module: ['errors', 'context', 'environment', 'protocol', 'port', 'hooks', 'delivery', 'client', 'server'],
};
const OUTER = ['http', 'health', 'observability', 'contract', 'consistency', 'testing', 'cli'];
for (const folder of OUTER)
  MAY_IMPORT[folder] = Object.keys(MAY_IMPORT).filter((name) => !OUTER.includes(name));

const MAY_IMPORT_NEST = [
  'client',
  'server',
  'module',
  'http',
  'health',
  'contract',
  'consistency',
  'testing',
  'cli',
];
const MAY_IMPORT_RXJS = ['client', 'server', 'module', 'http', 'testing'];

const PATHS = { port: '^lib/broker/[^/]+$', driver: '^lib/broker/[^/]+/' };
const pathOf = (folder) => PATHS[folder] ?? `^lib/${folder}/`;
const isTypes = (entry) => entry.endsWith(':types');
const nameOf = (entry) => entry.replace(':types', '');

const layerRules = Object.entries(MAY_IMPORT).flatMap(([folder, entries]) => [
  {
    name: `${folder}-may-import`,
    comment: `${folder} may import ${entries.join(', ') || 'nothing of ours'}`,
    severity: 'error',
    from: { path: pathOf(folder) },
    to: { path: '^lib/', pathNot: [folder, ...entries.map(nameOf)].map(pathOf) },
  },
  ...entries.filter(isTypes).map((entry) => ({
    name: `${folder}-imports-only-types-of-${nameOf(entry)}`,
    comment: `${folder} may import types of ${nameOf(entry)}, nothing that runs`,
    severity: 'error',
    from: { path: pathOf(folder) },
    to: { path: pathOf(nameOf(entry)), dependencyTypesNot: ['type-only'] },
  })),
]);

const onlyIn = (folders) => folders.map(pathOf);

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...layerRules,
    {
      name: 'no-driver-imports-another',
      comment: 'A driver knows the port, not its siblings',
      severity: 'error',
      from: { path: '^lib/broker/([^/]+)/' },
      to: { path: '^lib/broker/[^/]+/', pathNot: '^lib/broker/$1/' },
    },
    {
      name: 'root-loads-no-optional-part',
      comment: 'What has an entry of its own is not loaded by an app that does not use that entry',
      severity: 'error',
      from: { path: '^lib/index\\.ts$' },
      to: { path: ['^lib/broker/[^/]+/', '^lib/(http|health|testing|cli)/'] },
    },
    {
      name: 'no-cycles',
      comment: 'With decorator metadata a cycle fails at load; elsewhere it hides who owns what',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'nest-only-at-the-edge',
      severity: 'error',
      from: { path: '^lib/', pathNot: onlyIn(MAY_IMPORT_NEST) },
      to: { path: '(^|node_modules/)@nestjs/' },
    },
    {
      name: 'rxjs-only-at-the-edge',
      comment: 'An Observable has no back-pressure; inside, streams are AsyncIterables or writers',
      severity: 'error',
      from: { path: '^lib/', pathNot: onlyIn(MAY_IMPORT_RXJS) },
      to: { path: '(^|node_modules/)rxjs/' },
    },
    {
      name: 'kafkajs-only-in-its-driver',
      severity: 'error',
      from: { path: '^lib/', pathNot: '^lib/broker/kafkajs/' },
      to: { path: '(^|node_modules/)kafkajs/' },
    },
    {
      name: 'test-runners-only-in-their-entries',
      comment: 'The matchers work with any test runner; two entries put them into one each',
      severity: 'error',
      from: { path: '^lib/', pathNot: '^lib/testing/(jest|vitest)\\.ts$' },
      to: { path: '(^|node_modules/)(@jest|expect|vitest)/' },
    },
    {
      name: 'lib-stands-alone',
      comment: 'What is published imports nothing of tests, samples, benches and tools',
      severity: 'error',
      from: { path: '^lib/' },
      to: { path: '^(test|sample|bench|tools)/' },
    },
    {
      name: 'users-import-the-package-by-name',
      comment:
        'Samples and benches see what a user sees; only tests and the benchmark of parts reach into lib',
      severity: 'error',
      from: { path: '^(sample|bench|test/(e2e|package))/', pathNot: '^bench/codec/' },
      to: { path: '^lib/', dependencyTypes: ['local'] },
    },
    {
      name: 'not-resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['^(dist|(sample|bench)/.*/dist)/', '^test/package/apps/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['nestjs-async-calls-source', 'import', 'types', 'node', 'default'],
    },
  },
};
