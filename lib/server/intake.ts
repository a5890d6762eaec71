import type { ConsumerRecord } from '../broker/record.js';
import type { Delivery, Handle } from '../delivery/delivery.js';
import { Gate, LaneScheduler, type Task } from '../delivery/lane-scheduler.js';

/** A limit that some records of an intake have of their own. */
export interface GateOfRecord {
  /** Records whose gates have one name share it. */
  readonly name: string;
  /** How many of them run at once. */
  readonly limit: number;
}

/** Handlers of which some may say how many of their records run at once. */
export interface LimitedHandlers {
  optionsOf(name: string): { readonly concurrency?: number } | undefined;
  /** Whether any of them does. */
  readonly areLimited: boolean;
}

/** A gate for each handler that has a limit; `nameOf` tells whose a record is. Absent where there is none. */
export function gatesOf(
  handlers: LimitedHandlers,
  nameOf: (record: ConsumerRecord) => string,
): IntakeOptions['gateOf'] {
  if (!handlers.areLimited) return undefined;
  return (record) => {
    const name = nameOf(record);
    const limit = handlers.optionsOf(name)?.concurrency;
    return limit === undefined ? undefined : { name, limit };
  };
}

/** What an intake is made of. */
export interface IntakeOptions {
  /** How many records run at once. */
  readonly concurrency: number;
  /** How many may be taken over, running or waiting, before the intake's partitions are paused. */
  readonly maxInFlight: number;
  /** Runs a record to its end. Must not reject. */
  readonly handle: Handle<Delivery>;
  /** Records of a partition with the same bytes run one after the other, in their order; `null` for any. */
  readonly laneOf: (record: ConsumerRecord) => Buffer | null;
  /** Absent where no record has a limit of its own. */
  readonly gateOf?: (record: ConsumerRecord) => GateOfRecord | undefined;
  /** Which request of its partition a record gives up, by its id; absent where none does. */
  readonly cancelledRequestOf?: (record: ConsumerRecord) => Buffer | undefined;
}

/**
 * What runs the records of some topics. Each intake has its own limits: what one has too much of does not hold up
 * the others.
 */
export class Intake {
  private readonly scheduler: LaneScheduler;
  private readonly gates = new Map<string, Gate>();
  private inFlight = 0;
  private isFull = false;

  constructor(private readonly options: IntakeOptions) {
    this.scheduler = new LaneScheduler(options.concurrency);
  }

  /** See {@link IntakeOptions.handle}. */
  get handle(): Handle<Delivery> {
    return this.options.handle;
  }

  /** Whether it takes nothing more for now. */
  get full(): boolean {
    return this.isFull;
  }

  /** See {@link IntakeOptions.cancelledRequestOf}. */
  cancelledRequestOf(record: ConsumerRecord): Buffer | undefined {
    return this.options.cancelledRequestOf?.(record);
  }

  /** Takes a record over; `partition` tells the partitions apart. {@link release} when it has ended. */
  submit(record: ConsumerRecord, partition: string, task: Task): void {
    const lane = this.options.laneOf(record);
    this.inFlight += 1;
    this.scheduler.submit(lane && partition + lane.toString('latin1'), task, this.gateFor(record));
  }

  /** A record has ended. */
  release(): void {
    this.inFlight -= 1;
  }

  /** Looks whether it is full now; true when that has just changed. It ends at half of the limit. */
  hasChanged(): boolean {
    const { maxInFlight } = this.options;
    const before = this.isFull;
    if (this.inFlight >= maxInFlight) this.isFull = true;
    else if (this.inFlight <= maxInFlight / 2) this.isFull = false;
    return this.isFull !== before;
  }

  private gateFor(record: ConsumerRecord): Gate | undefined {
    const wanted = this.options.gateOf?.(record);
    if (!wanted) return undefined;
    const gate = this.gates.get(wanted.name) ?? new Gate(wanted.limit);
    this.gates.set(wanted.name, gate);
    return gate;
  }
}
