import type { HistoryEvent } from '../../e2e/faults/history/events.js';

/** A call of the scenes. Its record is at partition 0. */
export interface SceneCall {
  readonly call?: string;
  readonly at?: number;
  readonly offset?: number;
  readonly oneWay?: boolean;
  readonly key?: string;
  readonly number?: number;
  readonly parts?: number;
  readonly timeoutMs?: number;
}

interface Answer {
  readonly call?: string;
  readonly seq?: number;
  readonly requestId?: string;
  readonly answers?: string;
}

interface Outcome {
  readonly call?: string;
  readonly code?: string;
  readonly typed?: boolean;
}

/** A call that is made at 0 ms and stored. */
export function sent(scene: SceneCall = {}): HistoryEvent[] {
  const {
    call = 'a',
    at = 0,
    offset = 0,
    oneWay = false,
    key,
    number = 0,
    parts = 2,
    timeoutMs = 100_000,
  } = scene;
  return [
    { kind: 'sent', at, process: 'client', call, oneWay, key, number, parts, timeoutMs },
    { kind: 'stored', at: 1_000_000, process: 'stage', partition: 0, offset, requestId: `id-${call}`, call },
  ];
}

/** A run of its handler, which takes 10 ms. */
export function run(
  { call = 'a', offset = 0, key, number = 0 }: SceneCall,
  at: number,
  {
    process = 'one',
    until = at + 10,
    ends = true,
  }: { process?: string; until?: number; ends?: boolean } = {},
): HistoryEvent[] {
  const id = `${process}-${call}-${at}`;
  return [
    { kind: 'started', at, process, run: id, call, key, number, partition: 0, offset, attempt: 1 },
    { kind: 'emitted', at, process, run: id, part: 0 },
    { kind: 'finished', at: until, process, run: id, complete: ends },
  ];
}

/** A response that its caller sees. */
export function received(
  part: number,
  at = 20 + part,
  { call = 'a', seq = part, requestId = `id-${call}`, answers = call }: Answer = {},
): HistoryEvent {
  return { kind: 'received', at, process: 'client', call, requestId, seq, answers, part };
}

/** The outcome that its caller sees; a good one if there is no code. */
export function ended(at = 30, { call = 'a', code, typed = true }: Outcome = {}): HistoryEvent {
  const error = code === undefined ? undefined : { typed, code, message: 'why' };
  return { kind: 'ended', at, process: 'client', call, error };
}

export function committed(offset: number, at: number, alsoDone: readonly number[] = []): HistoryEvent {
  return { kind: 'committed', at, process: 'stage', partition: 0, offset, alsoDone };
}

export function struck(kind: 'killed' | 'frozen' | 'thawed', at: number, process = 'one'): HistoryEvent {
  return { kind, at, process };
}

/** A history, in the order of time. */
export function history(...events: readonly (HistoryEvent | readonly HistoryEvent[])[]): HistoryEvent[] {
  return events.flat().sort((a, b) => a.at - b.at);
}
