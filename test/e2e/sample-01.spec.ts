import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Processes } from './processes.js';

jest.setTimeout(120_000);

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
    // By its own clock: three seconds pass between them, of which a process that stands still may swallow two.
    const seconds = bundles.map((line) => Number.parseFloat(line));
    expect(seconds[3] - seconds[0]).toBeGreaterThan(0.9);
    // Nest's log of the shutdown comes behind it.
    expect(others.filter((line) => !line.startsWith('[Nest]')).at(-1)).toBe('That was all.');
  });
});
