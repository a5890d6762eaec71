import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Processes } from './processes.js';

jest.setTimeout(60_000);

const ROOT = new URL('../..', import.meta.url);

interface PackageJson {
  readonly scripts: Readonly<Record<string, string>>;
}

describe('npm start, sample 01', () => {
  const processes = new Processes();
  afterEach(() => processes.end());

  it('prints the four partial responses as they come, and ends well', async () => {
    const { scripts } = JSON.parse(await readFile(new URL('package.json', ROOT), 'utf8')) as PackageJson;
    const [command, ...args] = scripts['start'].split(' ');
    expect(command).toBe('node');
    const child = spawn(process.execPath, args, {
      cwd: fileURLToPath(ROOT),
      env: { ...process.env, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const closed = once(child, 'close');
    processes.add({
      end: () => {
        child.kill('SIGKILL');
        return closed;
      },
    });

    const bundles: string[] = [];
    const others: string[] = [];
    let endedAtFirst: boolean | undefined;
    let printedAtFirst: number | undefined;
    child.stdout.on('data', (data: Buffer) => {
      // What has come at once with the first bundle.
      if (printedAtFirst === undefined && data.includes('bundle')) {
        printedAtFirst = data.toString().match(/bundle \d/g)?.length;
        endedAtFirst = child.exitCode !== null;
      }
    });
    for await (const line of createInterface(child.stdout)) {
      (line.includes('bundle') ? bundles : others).push(line);
    }

    expect(await closed).toEqual([0, null]);
    expect(bundles.map((line) => /bundle .*\$\d+/.exec(line)?.[0])).toEqual([
      'bundle 1 of 4: $250000',
      'bundle 2 of 4: $250000',
      'bundle 3 of 4: $250000',
      'bundle 4 of 4: $250000',
    ]);
    const requestIds = bundles.map((line) => /request ([0-9a-f-]{36})/.exec(line)?.[1]);
    expect(requestIds[0]).toBeDefined();
    expect(new Set(requestIds).size).toBe(1);
    expect({ printedAtFirst, endedAtFirst }).toEqual({ printedAtFirst: 1, endedAtFirst: false });
    // Nest's log of the shutdown comes behind it.
    expect(others.filter((line) => !line.startsWith('[Nest]')).at(-1)).toBe('That was all.');
  });
});
