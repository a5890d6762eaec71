import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { RUN_TYPESCRIPT } from '../../tools/run-typescript.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LIMIT_MS = 110_000;

/** How a program has ended, and what it has printed. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

/** Runs a TypeScript program of this project, by its path from the root, to its end; it is killed after 110 s. */
export async function runProgram(
  path: string,
  settings: object = {},
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<ProgramEnd> {
  const child = spawn(process.execPath, [...RUN_TYPESCRIPT, path, ...args], {
    cwd: ROOT,
    env: { ...process.env, NO_COLOR: '1', E2E_SETTINGS: JSON.stringify(settings), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (output += data.toString()));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal, output };
}
