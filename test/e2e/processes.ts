import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { RUN_TYPESCRIPT } from '../../tools/run-typescript.mjs';
import type { Ask, Commands, Tell } from './apps/commands.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
// For a machine of few cores that starts several at once.
const START_MS = 90_000;
const ASK_MS = 90_000;
const END_MS = 30_000;
/** The id under which a process tells that it is ready. */
const READY = 0;

interface Waiting {
  onItem(item: unknown): void;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** A Nest application of a test in a process of its own. */
export class AppProcess<C extends Commands> {
  private readonly waiting = new Map<number, Waiting>();
  private asked = 0;
  private output = '';

  private constructor(
    private readonly name: string,
    private readonly child: ChildProcess,
  ) {
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on('data', (data: Buffer) => (this.output += data.toString()));
    }
    child.on('message', (message: Tell) => this.take(message));
    child.once('error', (error) => this.failAll(error.message));
    child.once('close', (code, signal) => this.failAll(`it ended (${signal ?? `exit code ${code}`})`));
  }

  /** Starts an application, `<folder>/<name>` in this folder; resolves when it takes commands. */
  static async start<C extends Commands>(
    processes: Processes,
    app: string,
    settings: object,
  ): Promise<AppProcess<C>> {
    const file = fileURLToPath(new URL(`${app}.app.ts`, import.meta.url));
    const child = spawn(process.execPath, [...RUN_TYPESCRIPT, file], {
      cwd: ROOT,
      env: { ...process.env, NO_COLOR: '1', E2E_SETTINGS: JSON.stringify(settings) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // Dates, Buffers and undefined come through as they are.
      serialization: 'advanced',
    });
    const started = new AppProcess<C>(app, child);
    processes.add(started);
    await started.within(
      START_MS,
      'it to start',
      started.answer(READY, () => undefined),
    );
    return started;
  }

  /** All it has printed. */
  get log(): string {
    return this.output;
  }

  /** Runs one of its commands; fails with the end of its log. */
  ask<K extends keyof C & string>(
    command: K,
    input: Parameters<C[K]>[0],
    onItem: (item: unknown) => void = () => undefined,
  ): Promise<Awaited<ReturnType<C[K]>>> {
    const id = ++this.asked;
    const answer = this.answer(id, onItem);
    const ask: Ask = { id, command, input };
    this.child.send(ask, (error) => error && this.failAll(`it cannot be asked: ${error.message}`));
    return this.within(ASK_MS, command, answer) as Promise<Awaited<ReturnType<C[K]>>>;
  }

  /** Sends it a signal; for `SIGKILL`, resolves when it is gone. */
  async signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    const closed = signal === 'SIGKILL' ? once(this.child, 'close') : undefined;
    this.child.kill(signal);
    await closed;
  }

  /** Asks it to end, as an orchestrator does, and resolves with how it did; fails if it had to be killed. */
  async end(): Promise<NodeJS.Signals | number> {
    const { child } = this;
    if (child.exitCode === null && child.signalCode === null) {
      const closed = once(child, 'close');
      child.kill('SIGTERM');
      try {
        await this.within(END_MS, 'it to end after SIGTERM', closed);
      } finally {
        child.kill('SIGKILL');
      }
    }
    return child.signalCode ?? child.exitCode!;
  }

  private answer(id: number, onItem: (item: unknown) => void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { onItem, resolve, reject });
    });
  }

  private take(message: Tell): void {
    const waiting = this.waiting.get(message.id);
    if (message.kind === 'item') return waiting?.onItem(message.item);
    this.waiting.delete(message.id);
    if (message.kind === 'result') waiting?.resolve(message.result);
    else waiting?.reject(this.error(message.message));
  }

  private failAll(reason: string): void {
    const error = this.error(reason);
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }

  private async within<T>(timeoutMs: number, what: string, promise: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(this.error(`waited ${timeoutMs} ms in vain for ${what}`)), timeoutMs);
    });
    try {
      return await Promise.race([promise, timeout]);
    } finally {
      clearTimeout(timer);
    }
  }

  private error(reason: string): Error {
    const log = this.output.slice(-4_000) || '(nothing)';
    return new Error(`The process ${this.name} (pid ${this.child.pid}): ${reason}\nIts log ends:\n${log}`);
  }
}

/** The processes of one test file. They end with it: `afterAll(() => processes.end())`. */
export class Processes {
  private readonly all: { end(): Promise<unknown> }[] = [];

  add(process: { end(): Promise<unknown> }): void {
    this.all.push(process);
  }

  /** Ends all of them. Fails if one had to be killed. */
  async end(): Promise<void> {
    const results = await Promise.allSettled(this.all.map((each) => each.end()));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }
}
