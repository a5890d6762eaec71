import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HistoryEvent, Untimed } from './events.js';

/** Now, on the clock that all processes of this machine share; no change of the time of day touches it. */
export function now(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}

/** Writes down what one process does: an event is in its file when `record` returns, whatever kills the process then. */
export class Recorder {
  private readonly file: string;

  constructor(
    folder: string,
    private readonly process: string,
  ) {
    this.file = join(folder, `${process}.jsonl`);
  }

  record(event: Untimed<HistoryEvent>, at = now()): void {
    appendFileSync(this.file, `${JSON.stringify({ at, process: this.process, ...event })}\n`);
  }
}
