/** What Node is told to run the TypeScript of this project, from its sources. */
export const RUN_TYPESCRIPT = [
  '--conditions=nestjs-async-calls-source',
  '--import',
  '@oxc-node/core/register',
];
