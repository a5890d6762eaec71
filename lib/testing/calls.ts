import { fileURLToPath } from 'node:url';
import type { WatchedCall } from '../client/client-options.js';
import type { SimulatedProcess } from './simulated-process.js';

/** A call, and who made it where. */
interface MadeCall {
  readonly call: WatchedCall;
  readonly service: string;
  readonly process: SimulatedProcess;
  /** Its stack tells where; it is made into text only if somebody asks. */
  readonly trace: Error;
}

/** How far up the stack the code of the test, or of the application, is looked for. */
const STACK_DEPTH = 60;
/** Where this library is: frames in it tell users nothing. */
const LIBRARY = fileURLToPath(new URL('..', import.meta.url));

/** Keeps account of the calls that are made, to tell which have not ended, and where they were made. */
export class Calls {
  private readonly made = new Set<MadeCall>();

  add(call: WatchedCall, service: string, process: SimulatedProcess): void {
    const made = { call, service, process, trace: traceOf() };
    this.made.add(made);
    call.onOver(() => this.made.delete(made));
  }

  /** What is still open, a line each. */
  get open(): string[] {
    return [...this.made].filter(({ process }) => !process.hasEnded).map(describe);
  }
}

function describe({ call, service, trace }: MadeCall): string {
  const { kind, target, received } = call;
  const what = kind === 'one-way' ? 'one-way call' : 'call';
  const progress = kind === 'one-way' ? 'is not stored yet' : `has got ${counted(received)}, and no end`;
  return `the ${what} of ${service} to ${target} ${progress}; it was made ${placeIn(trace)}`;
}

function counted(responses: number): string {
  return responses === 1 ? '1 response' : `${responses} responses`;
}

function traceOf(): Error {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = STACK_DEPTH;
  const trace = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  return trace;
}

function placeIn({ stack = '' }: Error): string {
  const frames = stack.split('\n').slice(1);
  const frame = frames.find((line) => !isForeign(line)) ?? 'at an unknown place';
  return frame.trim();
}

function isForeign(line: string): boolean {
  // What is built in has no line.
  if (!/:\d+:\d+/.test(line)) return true;
  return line.includes(LIBRARY) || line.includes('node_modules') || line.includes('node:');
}
