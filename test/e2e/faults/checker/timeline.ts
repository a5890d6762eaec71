import type {
  Committed,
  Emitted,
  Ended,
  Finished,
  HistoryEvent,
  Received,
  Sent,
  Started,
  Stored,
  Struck,
} from '../history/events.js';

/** One run of a handler. */
export interface Run {
  readonly started: Started;
  readonly emitted: readonly Emitted[];
  /** When it had ended by itself; infinite if it never did. */
  readonly doneAt: number;
  /** When it had ended in whatever way: also cut off, or with its process. */
  readonly endedAt: number;
}

/** A call as its caller saw it. */
export interface Call {
  readonly sent: Sent;
  readonly received: readonly Received[];
  readonly ended: Ended | undefined;
  readonly runs: readonly Run[];
  /** Its records; more than one if a batch was sent again because its acknowledgement was lost. */
  readonly records: readonly Stored[];
  /** When its caller was killed; infinite if it was not. */
  readonly callerKilledAt: number;
}

/** For how long after its thaw a process may not have noticed yet that others own its partitions. */
const NOTICE_MS = 5_000;

/** A history in the order in which the rules ask. */
export class Timeline {
  readonly calls: readonly Call[];
  readonly runs: readonly Run[];
  readonly commits: readonly Committed[];
  readonly stored: readonly Stored[];
  /** When the first broker was killed; infinite if none was. */
  readonly brokerKilledAt: number;
  private readonly runsByPlace: ReadonlyMap<string, readonly Run[]>;
  private readonly callsByName: ReadonlyMap<string, Call>;
  private readonly struck: ReadonlyMap<string, readonly Struck[]>;

  /** Of events in the order of time. */
  constructor(readonly events: readonly HistoryEvent[]) {
    this.struck = groupBy(events.filter(isStruck), ({ process }) => process);
    this.brokerKilledAt = Math.min(
      ...[...this.struck.keys()]
        .filter((name) => name.startsWith('node-'))
        .map((name) => this.killedAt(name)),
    );
    this.runs = this.runsOf(events);
    this.commits = events.filter((event) => event.kind === 'committed');
    this.stored = events.filter((event) => event.kind === 'stored');
    this.runsByPlace = groupBy(this.runs, ({ started }) => placeOf(started));
    this.calls = this.callsOf(events);
    this.callsByName = new Map(this.calls.map((call) => [call.sent.call, call]));
  }

  /** All runs, by the place of their record. */
  get places(): ReadonlyMap<string, readonly Run[]> {
    return this.runsByPlace;
  }

  call(name: string): Call | undefined {
    return this.callsByName.get(name);
  }

  /** When a call was first run to its end, by whichever of its records; infinite if it was not. */
  doneAt(name: string): number {
    return Math.min(Number.POSITIVE_INFINITY, ...(this.call(name)?.runs ?? []).map((run) => run.doneAt));
  }

  /** Whether the process of a run was frozen during it, or may not have noticed yet that it was. */
  isZombie({ started, endedAt }: Run): boolean {
    const strikes = this.struck.get(started.process) ?? [];
    return strikes.some((frozen, index) => {
      if (frozen.kind !== 'frozen' || frozen.at > endedAt) return false;
      const thawed = strikes.slice(index).find(({ kind }) => kind === 'thawed');
      return thawed === undefined || started.at < thawed.at + NOTICE_MS;
    });
  }

  private runsOf(events: readonly HistoryEvent[]): Run[] {
    const emitted = groupBy(
      events.filter((event) => event.kind === 'emitted'),
      ({ run }) => run,
    );
    const finished = new Map(
      events.filter((event) => event.kind === 'finished').map((event) => [event.run, event]),
    );
    return events
      .filter((event) => event.kind === 'started')
      .map((started) => this.runOf(started, emitted.get(started.run) ?? [], finished.get(started.run)));
  }

  private runOf(started: Started, emitted: readonly Emitted[], finished: Finished | undefined): Run {
    return {
      started,
      emitted,
      doneAt: finished?.complete ? finished.at : Number.POSITIVE_INFINITY,
      endedAt: finished?.at ?? this.killedAt(started.process),
    };
  }

  private callsOf(events: readonly HistoryEvent[]): Call[] {
    const received = groupBy(
      events.filter((event) => event.kind === 'received'),
      ({ call }) => call,
    );
    const ended = new Map(
      events.filter((event) => event.kind === 'ended').map((event) => [event.call, event]),
    );
    const runs = groupBy(this.runs, ({ started }) => started.call);
    const records = groupBy(this.stored, ({ call }) => call);
    return events
      .filter((event) => event.kind === 'sent')
      .map((sent) => ({
        sent,
        received: received.get(sent.call) ?? [],
        ended: ended.get(sent.call),
        runs: runs.get(sent.call) ?? [],
        records: records.get(sent.call) ?? [],
        callerKilledAt: this.killedAt(sent.process),
      }));
  }

  private killedAt(process: string): number {
    const killed = this.struck.get(process)?.find(({ kind }) => kind === 'killed');
    return killed?.at ?? Number.POSITIVE_INFINITY;
  }
}

/** A record's place, as text. */
export function placeOf({
  partition,
  offset,
}: {
  readonly partition: number;
  readonly offset: number;
}): string {
  return `${partition}@${offset}`;
}

/** The items by a property, in their order. */
export function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}

function isStruck(event: HistoryEvent): event is Struck {
  return event.kind === 'killed' || event.kind === 'frozen' || event.kind === 'thawed';
}
