import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, jest } from '@jest/globals';

jest.setTimeout(60_000);

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const APP = fileURLToPath(new URL('apps/failing.app.ts', import.meta.url));
const RUN_TYPESCRIPT = ['--conditions=nestjs-async-calls-source', '--import', '@oxc-node/core/register'];

/** Runs an application whose consumer fails for good, to the end of its process. */
async function run(settings: object) {
  const child = spawn(process.execPath, [...RUN_TYPESCRIPT, APP], {
    cwd: ROOT,
    env: { ...process.env, NO_COLOR: '1', E2E_SETTINGS: JSON.stringify(settings) },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (output += String(data)));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal, output };
}

describe('G10: a process whose consumer has failed for good, with the policy to exit', () => {
  it('ends in order, with the reason, and not as if all were well', async () => {
    const { code, signal, output } = await run({ hooks: true });
    expect(output).toMatch(
      /a fault of the driver[^]*The process is ended, as the option delivery.onFailure says/,
    );
    expect(output).toContain('closed in order');
    expect(signal ?? code).toBe('SIGTERM');
  });

  it('ends also where there are no shutdown hooks', async () => {
    expect(await run({ hooks: false })).toMatchObject({ signal: 'SIGTERM' });
  });
});
