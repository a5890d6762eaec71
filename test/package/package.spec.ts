// The package as users get it: packed, installed, type-checked and run by applications of its own. Both are built
// of apps/src, each with the Nest, the TypeScript and the kind of module that its folder names.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeOnKafka, kafkaBootstrap, uniqueName } from '../support/kafka.js';

const APPS = ['nest-11-commonjs', 'nest-12-esm'];
const JEST = ['jest@30', '@types/jest@30', '@swc/core', '@swc/jest'];
/** The optional peers of the package, and what tests need; of Terminus the oldest that works with each Nest. */
const OPTIONAL: Readonly<Record<string, readonly string[]>> = {
  'nest-11-commonjs': ['kafkajs', '@nestjs/terminus@11.0.0', '@nestjs/testing@11', ...JEST],
  'nest-12-esm': ['kafkajs', '@nestjs/terminus@12.0.0', '@nestjs/testing@12', ...JEST, 'vitest@4'],
};
// Generous: an installation with an empty cache of npm is slow.
const COMMAND_MS = 240_000;
const STEP_MS = COMMAND_MS + 60_000;

const root = fileURLToPath(new URL('../..', import.meta.url));
const optionalPeers = await readOptionalPeers();
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'async-calls-package-'));
  const tarball = await pack();
  await Promise.all(APPS.map((app) => install(app, tarball)));
}, STEP_MS);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each(APPS)('the package in %s', (app) => {
  describe('without its optional peers', () => {
    it(
      'compiles',
      async () => {
        expect(
          optionalPeers.filter((peer) => existsSync(join(appFolder(app), 'node_modules', peer))),
        ).toEqual([]);
        expect(await compile(app, 'tsconfig.json')).toEqual([]);
      },
      STEP_MS,
    );

    it(
      'serves and calls, as a microservice and beside HTTP',
      async () => {
        const result = JSON.parse(await run(app, process.execPath, ['dist/main.js'])) as unknown;

        const toAnyCaller = {
          partialResponses: { values: BUNDLES },
          exception: { code: 'not-found', statusCode: 404, message: 'No account of ada' },
          guard: { code: 'forbidden', statusCode: 403, message: 'Forbidden resource' },
          validation: {
            code: 'bad-request',
            statusCode: 400,
            message: 'Bad Request Exception',
            details: {
              statusCode: 400,
              error: 'Bad Request',
              message: ['amount must be a positive number'],
            },
          },
          contract: { values: [1, 2] },
          breach: {
            code: 'bad-request',
            statusCode: 400,
            message: 'The request of bank/interest does not follow its contract: amount: not an amount.',
            details: [{ path: 'amount', message: 'not an amount' }],
          },
        };
        expect(result).toEqual({
          microservice: toAnyCaller,
          hybrid: {
            ...toAnyCaller,
            http: {
              status: 404,
              body: expect.objectContaining({ statusCode: 404, message: 'No account of ada' }),
            },
          },
        });
      },
      STEP_MS,
    );
  });

  it(
    'serves HTTP and Kafka with one method, on Express and Fastify',
    async () => {
      const result = JSON.parse(await run(app, process.execPath, ['dist/http.main.js'])) as unknown;

      const outcomes = {
        http: {
          order: { status: 201, body: '{"amount":7,"isOrder":true}' },
          invalid: { status: 400, body: expect.stringContaining('amount must be a positive number') },
          query: { status: 200, body: '{"query":{"amount":"7"}}' },
          context: { status: 201, body: '{"isContext":false}' },
          plain: { status: 201, body: '[]' },
          several: { status: 201, body: '{"marked":2}' },
          guarded: { status: 403, body: expect.stringContaining('Forbidden resource') },
          coins: { status: 200, body: `${COINS}event: end\ndata: {"events":2}\n\n` },
          failing: {
            status: 200,
            body: `${COINS}id: 2\ndata: {"coin":3}\n\nevent: error\ndata: ${NO_MORE}\n\n`,
          },
          list: { status: 200, body: '[{"coin":1},{"coin":2}]' },
          missing: { status: 404, body: expect.stringContaining('No such coin') },
          again: { status: 204, body: '' },
        },
        kafka: {
          order: { values: [{ amount: 7, isOrder: true }] },
          query: { values: [{ query: 'nothing' }] },
          context: { values: [{ isContext: true }] },
          plain: { values: [[7]] },
          several: { values: [{ marked: 1 }, { marked: 2 }] },
          guarded: { code: 'forbidden', statusCode: 403, message: 'Forbidden resource' },
          coins: { values: [{ coin: 1 }, { coin: 2 }] },
          missing: { code: 'not-found', statusCode: 404, message: 'No such coin' },
        },
        left: 1,
      };
      expect(result).toEqual({ express: outcomes, fastify: outcomes });
    },
    STEP_MS,
  );

  it(
    'answers probes, also while it shuts down',
    async () => {
      const result = JSON.parse(await run(app, process.execPath, ['dist/health.main.js'])) as unknown;

      const well = [200, 200, 200];
      expect(result).toEqual({ http: well, server: well, closing: [200, 503, 200] });
    },
    STEP_MS,
  );

  describe('with its optional peers', () => {
    beforeAll(() => npmInstall(app, OPTIONAL[app]), STEP_MS);

    it(
      'compiles with Terminus, kafkajs and @types/jest',
      async () => {
        expect(await compile(app, 'tsconfig.peers.json')).toEqual([]);
      },
      STEP_MS,
    );

    it(
      'takes the checks of Terminus, and is one of them',
      async () => {
        const result = JSON.parse(await run(app, process.execPath, ['dist/terminus.main.js'])) as unknown;

        expect(result).toEqual({
          health: { status: 200, up: ['async-calls', 'alive'], down: [] },
          livez: { status: 503, up: ['async-calls'], down: ['heap'] },
          readyz: { status: 200, up: ['async-calls', 'heap'], down: [] },
        });
      },
      STEP_MS,
    );

    it(
      'loads kafkajs only by the entry that is about it',
      async () => {
        expect(await loadsKafkajs(app, 'nestjs-async-calls')).toBe(false);
        expect(await loadsKafkajs(app, 'nestjs-async-calls/memory')).toBe(false);
        expect(await loadsKafkajs(app, 'nestjs-async-calls/http')).toBe(false);
        expect(await loadsKafkajs(app, 'nestjs-async-calls/health')).toBe(false);
        expect(await loadsKafkajs(app, 'nestjs-async-calls/kafkajs')).toBe(true);
      },
      STEP_MS,
    );

    describeOnKafka('on Kafka', () => {
      it(
        'serves and calls',
        async () => {
          const args = ['dist/kafka.main.js', kafkaBootstrap()!.join(), uniqueName('bank')];
          const result = JSON.parse(await run(app, process.execPath, args)) as unknown;

          expect(result).toEqual({ values: BUNDLES });
        },
        STEP_MS,
      );
    });

    it(
      'tests by jest',
      async () => {
        const { NODE_OPTIONS: _, ...env } = process.env;
        const jest = ['node_modules/jest/bin/jest.js', '--json', '--silent'];
        const options = app === 'nest-12-esm' ? ['--experimental-vm-modules'] : [];
        const output = await run(app, process.execPath, [...options, ...jest], env);
        expect(JSON.parse(output)).toMatchObject(ALL_PASSED);
      },
      STEP_MS,
    );

    if (app === 'nest-11-commonjs') {
      it(
        'compiles where modules are resolved as Node 10 did, as older starters of Nest 11 do',
        async () => {
          expect(await compile(app, 'tsconfig.node10.json')).toEqual([]);
        },
        STEP_MS,
      );
      // They test with jest.
      return;
    }

    it(
      'tests by vitest, compiled with its globals',
      async () => {
        expect(await compile(app, 'tsconfig.vitest.json')).toEqual([]);
        const { JEST_WORKER_ID: _, NODE_ENV: __, ...env } = process.env;
        const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--reporter=json', '--silent'];
        expect(JSON.parse(await run(app, process.execPath, vitest, env))).toMatchObject(ALL_PASSED);
      },
      STEP_MS,
    );
  });
});

const ALL_PASSED = { success: true, numTotalTests: 4, numPassedTests: 4 };

const COINS = 'id: start\n\nid: 0\ndata: {"coin":1}\n\nid: 1\ndata: {"coin":2}\n\n';
const NO_MORE = '{"statusCode":409,"code":"conflict","message":"No more than two"}';

const BUNDLES = [1, 2, 3, 4].map((bundle) => ({ bundle, amount: 250_000 }));

async function readOptionalPeers(): Promise<string[]> {
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    peerDependenciesMeta?: Record<string, unknown>;
  };
  return Object.keys(manifest.peerDependenciesMeta ?? {});
}

function appFolder(app: string): string {
  return join(folder, app);
}

/** Builds and packs as a release does, but away from the work tree's own `dist`. */
async function pack(): Promise<string> {
  const copy = join(folder, 'package');
  await mkdir(copy);
  for (const file of ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md']) {
    if (existsSync(join(root, file))) await cp(join(root, file), join(copy, file));
  }
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  await command(root, process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', join(copy, 'dist')]);
  const output = await command(copy, 'npm', ['pack', '--json', '--ignore-scripts']);
  const [packed] = JSON.parse(output) as [{ filename: string }];
  return join(copy, packed.filename);
}

async function install(app: string, tarball: string): Promise<void> {
  const apps = join(root, 'test/package/apps');
  await cp(join(apps, app), appFolder(app), { recursive: true });
  await cp(join(apps, 'src'), join(appFolder(app), 'src'), { recursive: true });
  await npmInstall(app, [tarball]);
}

async function npmInstall(app: string, packages: readonly string[]): Promise<void> {
  const options = ['--no-audit', '--no-fund', '--prefer-offline', '--no-package-lock', '--ignore-scripts'];
  await run(app, 'npm', ['install', ...options, ...packages]);
}

/** What is wrong with the application's code and the package's declarations; not with those of other packages. */
async function compile(app: string, project: string): Promise<string[]> {
  const tsc = [
    'node_modules/typescript/bin/tsc',
    '-p',
    project,
    '--skipLibCheck',
    'false',
    '--pretty',
    'false',
  ];
  const output = await run(app, process.execPath, tsc).catch((error: { stdout: string }) => {
    // It was killed, or could not be run: then it has compiled nothing.
    if (!error.stdout.includes('error TS')) throw error;
    return error.stdout;
  });
  return output
    .split('\n')
    .filter((line) => line.includes('error TS'))
    .filter((line) => !/^node_modules\/(?!nestjs-async-calls\/)/.test(line));
}

/** Also where it is loaded by an ES module, a CommonJS package is found in the cache of `require`. */
async function loadsKafkajs(app: string, entry: string): Promise<boolean> {
  const code = `import { createRequire } from 'node:module';
    await import('${entry}');
    const loaded = Object.keys(createRequire(process.cwd() + '/').cache);
    console.log(loaded.some((file) => file.includes('/node_modules/kafkajs/')));`;
  const output = await run(app, process.execPath, ['--input-type=module', '--eval', code]);
  return JSON.parse(output) as boolean;
}

function run(
  app: string,
  program: string,
  args: string[],
  env?: Record<string, string | undefined>,
): Promise<string> {
  return command(appFolder(app), program, args, env);
}

/** Its standard output. Rejects, with that and what it has printed as an error, if it fails. */
async function command(
  cwd: string,
  program: string,
  args: string[],
  env: Record<string, string | undefined> = process.env,
): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { cwd, env, timeout: COMMAND_MS });
  return stdout;
}
