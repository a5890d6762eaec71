import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { RUN_TYPESCRIPT } from '../../tools/run-typescript.mjs';
import type { Ask } from './messages.js';

/** A process of the soak. */
export class SoakProcess {
  private constructor(private readonly child: ChildProcess) {}

  /** Resolves when it serves, or calls. */
  static async start(role: 'server' | 'client', service: string, brokers: string): Promise<SoakProcess> {
    const file = fileURLToPath(new URL(`${role}.ts`, import.meta.url));
    const child = spawn(process.execPath, ['--expose-gc', ...RUN_TYPESCRIPT, file, service, brokers], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const started = new SoakProcess(child);
    children.add(child);
    child.once('exit', () => children.delete(child));
    await started.answer();
    return started;
  }

  /** Ends all that are left. */
  static async endAll(): Promise<void> {
    const exits = [...children].map((child) => {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      return exited;
    });
    await Promise.all(exits);
  }

  ask<T>(ask: Ask): Promise<T> {
    this.child.send(ask);
    return this.answer() as Promise<T>;
  }

  /** Closes its application and ends it; resolves with its last word. */
  async stop<T>(): Promise<T> {
    const last = await this.ask<T>('stop');
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
    return last;
  }

  private answer(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const ended = (code: number | null) =>
        reject(new Error(`A process of the soak has ended with ${code}`));
      this.child.once('exit', ended);
      this.child.once('message', ({ answer }: { answer: unknown }) => {
        this.child.off('exit', ended);
        resolve(answer);
      });
    });
  }
}

const children = new Set<ChildProcess>();
