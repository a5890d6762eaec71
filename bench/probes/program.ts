import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { RUN_TYPESCRIPT } from '../../tools/run-typescript.mjs';

const running = new Set<ChildProcess>();

/** A program of this folder in a process of its own; it says in its first line that it is ready, and where. */
export class Program {
  private constructor(
    private readonly child: ChildProcess,
    /** Its first line. */
    readonly said: string,
  ) {}

  static async start(name: string, ...args: string[]): Promise<Program> {
    const file = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
    const child = spawn(process.execPath, [...RUN_TYPESCRIPT, file, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    running.add(child);
    child.once('exit', () => running.delete(child));
    const line = await Promise.race([once(createInterface(child.stdout), 'line'), once(child, 'exit')]);
    if (child.exitCode !== null) throw new Error(`${name} has ended with ${child.exitCode}`);
    return new Program(child, String(line[0]));
  }

  /** Ends all that are left. */
  static killAll(): void {
    for (const child of running) child.kill('SIGKILL');
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Resolves when it has ended. Throws if it had ended before by itself. */
  async stop(): Promise<void> {
    if (!running.has(this.child)) throw new Error(`A program has ended with ${this.child.exitCode}`);
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }
}
