import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { RUN_TYPESCRIPT } from '../../tools/run-typescript.mjs';
import type { Answer, Ask, ClientCommands, ServerCommands } from './commands.js';

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url));
const ANSWER_LIMIT_MS = 120_000;
const LAST_WORDS = 3_000;
/** Stands for the answer to a question that nobody asked: whether the process is there. */
const READY = 0;

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

type CommandsOf<R> = R extends 'server' ? ServerCommands : ClientCommands;
type Result<T> = T extends (...args: never) => infer X ? Awaited<X> : never;
type Argument<T> = T extends (argument: infer X) => unknown ? X : undefined;

const running = new Set<ChildProcess>();

/** Ends every process of the benchmark at once. */
export function killWorkers(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** A process of the benchmark, seen from the coordinator. */
export class WorkerProcess<R extends 'server' | 'client'> {
  /** Called when the load waits for the server's release. */
  onHeld: () => void = () => {};
  private readonly waiting = new Map<number, Waiting>();
  private asked = 0;
  private lastWords = '';
  private ended?: Error;

  private constructor(
    private readonly name: string,
    private readonly child: ChildProcess,
  ) {
    running.add(child);
    child.stderr?.on('data', (data: Buffer) => {
      this.lastWords = (this.lastWords + data.toString()).slice(-LAST_WORDS);
    });
    child.on('message', (answer: Answer) => this.take(answer));
    child.on('close', (code, signal) => this.end(`has ended with ${signal ?? code}`));
  }

  /** Resolves when its modules are loaded. */
  static async start<R extends 'server' | 'client'>(role: R, peer: string): Promise<WorkerProcess<R>> {
    const child = spawn(process.execPath, [...RUN_TYPESCRIPT, WORKER, role, peer], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const worker = new WorkerProcess<R>(`The ${role} of ${peer}`, child);
    await worker.wait(READY, 'load its modules');
    return worker;
  }

  /** Rejects with what the process says went wrong, when it ends, and after two minutes. */
  ask<K extends keyof CommandsOf<R> & string>(
    command: K,
    argument?: Argument<CommandsOf<R>[K]>,
  ): Promise<Result<CommandsOf<R>[K]>> {
    this.asked += 1;
    const ask: Ask = { id: this.asked, command, argument };
    const answer = this.wait(ask.id, command);
    if (!this.ended) this.child.send(ask);
    return answer as Promise<Result<CommandsOf<R>[K]>>;
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  private async wait(id: number, what: string): Promise<unknown> {
    if (this.ended) throw this.ended;
    let limit: NodeJS.Timeout | undefined;
    try {
      return await new Promise<unknown>((resolve, reject) => {
        this.waiting.set(id, { resolve, reject });
        limit = setTimeout(
          () => reject(this.failure(`did not ${what} within ${ANSWER_LIMIT_MS / 1_000} s`)),
          ANSWER_LIMIT_MS,
        );
      });
    } finally {
      clearTimeout(limit);
      this.waiting.delete(id);
    }
  }

  private take(answer: Answer): void {
    if ('notice' in answer) {
      if (answer.notice === 'held') this.onHeld();
      else this.waiting.get(READY)?.resolve(undefined);
    } else if ('error' in answer) this.waiting.get(answer.id)?.reject(this.failure(answer.error));
    else this.waiting.get(answer.id)?.resolve(answer.result);
  }

  private end(how: string): void {
    running.delete(this.child);
    this.ended = this.failure(how);
    for (const waiting of this.waiting.values()) waiting.reject(this.ended);
  }

  private failure(what: string): Error {
    return new Error(`${this.name}: ${what}${this.lastWords && `\nIts last words:\n${this.lastWords}`}`);
  }
}
