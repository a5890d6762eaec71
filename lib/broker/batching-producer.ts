import { BrokerError } from './broker-error.js';
import type { Producer } from './producer.js';
import type { ProducerRecord, TopicPartitionOffset } from './record.js';

/** How much goes into one request to the broker. */
const MAX_BATCH_RECORDS = 500;
/** How many are looked at for a batch: looking at all that wait would cost their square in all. */
const WINDOW_RECORDS = 4 * MAX_BATCH_RECORDS;
/** Per partition: below the broker's default limit of 1 MiB for what is one batch there. A topic may have less. */
const MAX_PARTITION_BYTES = 800_000;

interface Entry {
  readonly record: ProducerRecord;
  readonly bytes: number;
  readonly stream: object | undefined;
  readonly resolve: (place: TopicPartitionOffset) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Sends single records in batches and in order. Of each topic one batch is under way at a time; what comes
 * meanwhile is the next batch. There is no timer: the first record of an idle topic leaves at the end of
 * the turn of the event loop, together with the others of that turn.
 *
 * One batch at a time is what keeps the order of a partition: a driver may let two overtake each other.
 */
export class BatchingProducer {
  private readonly lanes = new Map<string, TopicLane>();

  constructor(private readonly producer: Producer) {}

  /** See {@link Producer.connect}. */
  connect(): Promise<void> {
    return this.producer.connect();
  }

  /**
   * Resolves with the record's place once all in-sync replicas have it. Records for one partition are
   * appended in the order of the calls. Rejects as {@link Producer.send} does; if a batch
   * fails then all of its records are rejected with the same error.
   *
   * Records that share a `stream` (any object, one partition) never leave a gap: after one was rejected, those
   * behind it are not sent but rejected too.
   */
  send(record: ProducerRecord, stream?: object): Promise<TopicPartitionOffset> {
    return new Promise((resolve, reject) => {
      this.laneOf(record.topic).push({ record, bytes: sizeOf(record), stream, resolve, reject });
    });
  }

  /** Sends what is waiting, then closes the producer. */
  async close(): Promise<void> {
    await Promise.all([...this.lanes.values()].map((lane) => lane.idle()));
    await this.producer.close();
  }

  private laneOf(topic: string): TopicLane {
    let lane = this.lanes.get(topic);
    if (!lane) {
      lane = new TopicLane(this.producer);
      this.lanes.set(topic, lane);
    }
    return lane;
  }
}

/** What waits for one topic. */
class TopicLane {
  private waiting: Entry[] = [];
  private running: Promise<void> | undefined;
  private maxPartitionBytes = MAX_PARTITION_BYTES;
  /** Streams that have lost a record, and why. */
  private readonly broken = new WeakMap<object, unknown>();

  constructor(private readonly producer: Producer) {}

  push(entry: Entry): void {
    this.waiting.push(entry);
    this.running ??= this.run();
  }

  async idle(): Promise<void> {
    await this.running;
  }

  private async run(): Promise<void> {
    await endOfTurn();
    while (this.waiting.length > 0) await this.sendNext();
    this.running = undefined;
  }

  private async sendNext(): Promise<void> {
    const window = this.waiting.splice(0, WINDOW_RECORDS).filter((entry) => !this.rejectIfBroken(entry));
    const [batch, rest] = takeBatch(window, this.maxPartitionBytes);
    this.waiting.unshift(...rest);
    if (batch.length === 0) return;
    try {
      const places = await this.producer.send(batch.map((entry) => entry.record));
      batch.forEach((entry, index) => entry.resolve(places[index]));
    } catch (error) {
      if (batch.length > 1 && isTooLarge(error)) this.splitFromNowOn(batch);
      else this.rejectAll(batch, error);
    }
  }

  /**
   * The records are small enough for the default limit, so this topic has a smaller one. They are sent again, in
   * smaller batches; those of other partitions than the refused one may be stored twice.
   */
  private splitFromNowOn(batch: readonly Entry[]): void {
    this.maxPartitionBytes = Math.ceil(Math.min(this.maxPartitionBytes, totalBytes(batch)) / 2);
    this.waiting = [...batch, ...this.waiting];
  }

  private rejectAll(batch: readonly Entry[], error: unknown): void {
    for (const entry of batch) {
      if (entry.stream) this.broken.set(entry.stream, error);
      entry.reject(error);
    }
  }

  private rejectIfBroken({ stream, reject }: Entry): boolean {
    if (!stream || !this.broken.has(stream)) return false;
    reject(this.broken.get(stream));
    return true;
  }
}

/**
 * Splits off the next batch. A record that is too large to share one goes alone, so that if the broker
 * refuses it no other is refused with it. A partition that is full, or whose next record must
 * go alone, takes no later record either: they would overtake.
 */
function takeBatch(waiting: readonly Entry[], maxPartitionBytes: number): [batch: Entry[], rest: Entry[]] {
  const [first, ...others] = waiting;
  if (first && first.bytes > maxPartitionBytes) return [[first], others];
  const batch: Entry[] = [];
  const rest: Entry[] = [];
  const bytesOf = new Map<number, number>();
  for (const entry of waiting) {
    const { partition } = entry.record;
    const bytes = (bytesOf.get(partition) ?? 0) + entry.bytes;
    const fits = bytes <= maxPartitionBytes && batch.length < MAX_BATCH_RECORDS;
    bytesOf.set(partition, fits ? bytes : Number.POSITIVE_INFINITY);
    (fits ? batch : rest).push(entry);
  }
  return [batch, rest];
}

function isTooLarge(error: unknown): boolean {
  return error instanceof BrokerError && error.code === 'payload-too-large';
}

function totalBytes(batch: readonly Entry[]): number {
  return batch.reduce((sum, entry) => sum + entry.bytes, 0);
}

/** About what the record takes in a batch; the constant covers offsets, lengths and the timestamp. */
function sizeOf({ key, value, headers }: ProducerRecord): number {
  let bytes = 32 + (key?.length ?? 0) + (value?.length ?? 0);
  for (const [name, bytesOfHeader] of headers) bytes += 10 + name.length + bytesOfHeader.length;
  return bytes;
}

function endOfTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
