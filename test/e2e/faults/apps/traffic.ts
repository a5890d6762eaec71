import { AsyncCallError, type AsyncCallsClient, type CallOptions } from 'nestjs-async-calls';
import type { Observer } from 'rxjs';
import type { Recorder } from '../history/recorder.js';
import type { Part, Task } from './endpoint.js';

/** One kind of call of the traffic. */
interface Kind {
  readonly oneWay?: boolean;
  readonly keyed?: boolean;
  readonly parts: number;
  readonly pauseMs: number;
  readonly timeoutMs: number;
}

/** Outlasts every fault: such a call has to succeed. */
export const PATIENT_MS = 100_000;
const IMPATIENT_MS = 1_000;

/** The kinds take turns, so that some of each are under way whenever a fault comes. */
const KINDS: readonly Kind[] = [
  { keyed: true, parts: 3, pauseMs: 5, timeoutMs: PATIENT_MS },
  { parts: 5, pauseMs: 100, timeoutMs: PATIENT_MS },
  { keyed: true, oneWay: true, parts: 1, pauseMs: 5, timeoutMs: PATIENT_MS },
  { parts: 3, pauseMs: 20, timeoutMs: PATIENT_MS },
  { keyed: true, parts: 2, pauseMs: 20, timeoutMs: PATIENT_MS },
  { oneWay: true, parts: 1, pauseMs: 20, timeoutMs: PATIENT_MS },
  { parts: 1, pauseMs: 0, timeoutMs: IMPATIENT_MS },
];
const KEYS = 4;
const CALLS_PER_SECOND = 40;

/** What a client has done in its present series. */
export interface Progress {
  readonly made: number;
  readonly inFlight: number;
  /** Responses seen. */
  readonly received: number;
}

/** Makes calls at a steady pace, whatever becomes of those before, and writes down what it does and sees. */
export class Traffic {
  private timer: NodeJS.Timeout | undefined;
  private series = '';
  private made = 0;
  private inFlight = 0;
  private received = 0;
  private readonly numbers = new Map<string, number>();

  constructor(
    private readonly client: AsyncCallsClient,
    private readonly target: string,
    private readonly name: string,
    private readonly recorder: Recorder,
  ) {}

  /** Begins a series: `<series>/` stands before the name of each of its calls and keys. */
  start(series: string): void {
    this.series = series;
    this.made = this.received = 0;
    this.timer = setInterval(() => this.make(KINDS[this.made % KINDS.length]), 1_000 / CALLS_PER_SECOND);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  progress(): Progress {
    const { made, inFlight, received } = this;
    return { made, inFlight, received };
  }

  private make({ oneWay = false, keyed, parts, pauseMs, timeoutMs }: Kind): void {
    const { series, name, recorder } = this;
    const call = `${series}/${name}/${this.made++}`;
    const key = keyed ? `${series}/${name}/${this.made % KEYS}` : undefined;
    const number = key === undefined ? 0 : this.next(key);
    recorder.record({ kind: 'sent', call, oneWay, key, number, parts, timeoutMs });
    this.inFlight += 1;
    const task: Task = { call, number, parts, pauseMs };
    const options: CallOptions = { timeoutMs, ...(key !== undefined && { key }) };
    const endpoint = this.client.to(this.target, options);
    const observer = this.observerOf(call);
    if (oneWay) endpoint.emit(task).subscribe({ ...observer, next: () => undefined });
    else
      endpoint.responses<Part>(task).subscribe({
        ...observer,
        next: ({ requestId, seq, value }) => {
          this.received += 1;
          recorder.record({ kind: 'received', call, requestId, seq, ...value });
        },
      });
  }

  private next(key: string): number {
    const number = this.numbers.get(key) ?? 0;
    this.numbers.set(key, number + 1);
    return number;
  }

  private observerOf(call: string): Pick<Observer<unknown>, 'complete' | 'error'> {
    return {
      complete: () => this.ended(call),
      error: (error: AsyncCallError) => {
        const { code, message } = error;
        this.ended(call, { typed: error instanceof AsyncCallError, code, message });
      },
    };
  }

  private ended(call: string, error?: { typed: boolean; code: string; message: string }): void {
    this.inFlight -= 1;
    this.recorder.record({ kind: 'ended', call, error });
  }
}
