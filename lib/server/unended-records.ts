import type { Environment, TimerHandle } from '../environment/environment.js';
import { keyOf } from './owned-partition.js';
import type { GroupHealth, PartitionHealth } from './server-health.js';
import type { ServerLogger } from './unfailing-logger.js';

/** How often it looks, at most. */
const INTERVAL_MS = 10_000;

/** What is looked at, and who is told. */
export interface UnendedRecordsOptions {
  readonly environment: Environment;
  readonly logger: ServerLogger;
  /** `Infinity` for never. */
  readonly warnAfterMs: number;
  readonly groups: () => readonly Pick<GroupHealth, 'groupId' | 'partitions'>[];
}

/** Warns of each record that does not end and holds others up: a handler that hangs would be seen by nobody else. */
export class UnendedRecords {
  private timer: TimerHandle | undefined;
  /** The offset that was last warned of, by group and partition. */
  private readonly warned = new Map<string, bigint>();

  constructor(private readonly options: UnendedRecordsOptions) {}

  start(): void {
    const { environment, warnAfterMs } = this.options;
    if (warnAfterMs === Number.POSITIVE_INFINITY) return;
    this.timer = environment.setInterval(() => this.look(), Math.min(INTERVAL_MS, warnAfterMs));
  }

  stop(): void {
    this.options.environment.clearInterval(this.timer);
  }

  private look(): void {
    for (const { groupId, partitions } of this.options.groups()) {
      for (const partition of partitions) this.lookAt(groupId, partition);
    }
  }

  private lookAt(groupId: string, partition: PartitionHealth): void {
    const { environment, warnAfterMs, logger } = this.options;
    const { offset, unsettledSince, inFlight, holdsBack } = partition;
    // A stream may be long, as long as nothing is behind it.
    if (unsettledSince === undefined || (inFlight === 1 && !holdsBack)) return;
    const ms = environment.now() - unsettledSince;
    const place = keyOf(partition);
    const key = `${groupId} ${place}`;
    if (ms < warnAfterMs || this.warned.get(key) === offset) return;
    this.warned.set(key, offset);
    logger.warn(
      `${place}@${offset} has not ended for ${Math.round(ms / 1_000)} s. Nothing behind it in its partition is committed ` +
        `until it does (records of it under way: ${inFlight}). If a handler hangs, give it a limit: maxHandlerMs. ` +
        'If it may take so long: delivery.warnAfterMs.',
    );
  }
}
