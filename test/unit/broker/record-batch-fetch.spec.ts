import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { crc32c } from '../../../lib/broker/kafkajs/wire/crc32c.js';
import { readRecordBatches } from '../../../lib/broker/kafkajs/wire/record-batch-reader.js';
import { encodeByKafkajs } from '../../support/kafkajs-codec.js';

const place = { topic: 't', partition: 3 };
const ATTRIBUTES_AT = 21;
const TRANSACTIONAL_MARKER = 0x30;

/** What a producer does to a partition. */
interface Step {
  /** `begin` what a `commit` or an `abort` ends; what is `plain` belongs to none, what is a `write` to the open one. */
  readonly kind: 'write' | 'plain' | 'begin' | 'commit' | 'abort';
  readonly producer: number;
  readonly count: number;
  readonly compression: number;
  /** Offsets between this batch and the one before, which compaction has removed. */
  readonly gap: number;
  /** Offsets at its end that compaction has removed. */
  readonly gapAtEnd: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('write', 'write', 'plain', 'begin', 'commit', 'abort'),
  producer: fc.integer({ min: 1, max: 3 }),
  count: fc.nat({ max: 4 }),
  compression: fc.constantFrom(0, 1),
  gap: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 3 }) }),
  gapAtEnd: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 2 }) }),
});

interface Transaction {
  readonly producerId: bigint;
  readonly firstOffset: bigint;
  /** Where it ended. */
  marker?: bigint;
  isAborted: boolean;
}

/** A batch in the log. */
interface Stored {
  readonly bytes: Buffer;
  readonly last: bigint;
  /** What consumers may see of it, if its transaction was not rolled back. */
  readonly offsets: readonly bigint[];
  readonly transaction: Transaction | undefined;
}

/** A partition as a broker stores it, in which every transaction has ended. */
class Log {
  readonly batches: Stored[] = [];
  /** In the order in which they ended, as a broker lists those that were rolled back. */
  readonly ended: Transaction[] = [];
  private readonly open = new Map<number, Transaction>();
  private next = 0n;

  static async of(steps: readonly Step[]): Promise<Log> {
    const log = new Log();
    for (const each of steps) await log.take(each);
    for (const producer of log.open.keys())
      await log.take({ kind: 'commit', producer, count: 0, compression: 0, gap: 0, gapAtEnd: 0 });
    return log;
  }

  /** What a broker says of rolled back transactions to who reads from this offset on. */
  abortedFrom(offset: bigint): Transaction[] {
    return this.ended.filter(({ isAborted, marker }) => isAborted && marker! >= offset);
  }

  get end(): bigint {
    return this.next;
  }

  private async take(taken: Step): Promise<void> {
    this.next += BigInt(taken.gap);
    const transaction = this.open.get(taken.producer);
    const ends = taken.kind === 'commit' || taken.kind === 'abort';
    if (ends && transaction !== undefined) await this.endOf(transaction, taken);
    else if (taken.kind === 'begin' && transaction === undefined) await this.write(taken, this.begun(taken));
    else await this.write(taken, taken.kind === 'plain' ? undefined : transaction);
  }

  private begun({ producer }: Step): Transaction {
    const transaction = { producerId: BigInt(producer), firstOffset: this.next, isAborted: false };
    this.open.set(producer, transaction);
    return transaction;
  }

  private async endOf(transaction: Transaction, { kind, producer }: Step): Promise<void> {
    transaction.marker = this.next;
    transaction.isAborted = kind === 'abort';
    this.open.delete(producer);
    this.ended.push(transaction);
    const bytes = await this.encoded(
      { producer, count: 1, compression: 0, gapAtEnd: 0 },
      Buffer.from([0, 0, 0, kind === 'abort' ? 0 : 1]),
    );
    bytes.writeInt16BE(TRANSACTIONAL_MARKER, ATTRIBUTES_AT);
    bytes.writeUInt32BE(crc32c(bytes.subarray(ATTRIBUTES_AT)), 17);
    this.append({ bytes, last: this.next, offsets: [], transaction: undefined });
  }

  private async write(taken: Step, transaction: Transaction | undefined): Promise<void> {
    const bytes = await this.encoded(taken, null, transaction !== undefined);
    const offsets = Array.from({ length: taken.count }, (_, index) => this.next + BigInt(index));
    const last = this.next + BigInt(lastDelta(taken));
    this.append({ bytes, last, offsets, transaction });
  }

  private append(stored: Stored): void {
    this.batches.push(stored);
    this.next = stored.last + 1n;
  }

  private encoded(
    { producer, count, compression, gapAtEnd }: Pick<Step, 'producer' | 'count' | 'compression' | 'gapAtEnd'>,
    key: Buffer | null,
    transactional = false,
  ): Promise<Buffer> {
    return encodeByKafkajs(
      {
        compression,
        firstOffset: this.next,
        firstTimestamp: 1,
        maxTimestamp: 1,
        partitionLeaderEpoch: 0,
        lastOffsetDelta: lastDelta({ count, gapAtEnd }),
        transactional,
        producerId: BigInt(producer),
        producerEpoch: 0,
        firstSequence: 0,
      },
      Array.from({ length: count }, (_, offsetDelta) => ({
        offsetDelta,
        timestampDelta: 0,
        key,
        value: String(this.next + BigInt(offsetDelta)),
        headers: {},
      })),
    );
  }
}

function lastDelta({ count, gapAtEnd }: Pick<Step, 'count' | 'gapAtEnd'>): number {
  return Math.max(count - 1, 0) + gapAtEnd;
}

describe('what a fetch brings', () => {
  it('is every committed record from the offset on, up to what is cut off', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 12 }),
        fc.nat(),
        fc.nat({ max: 2 }),
        fc.option(fc.nat()),
        async (steps, start, earlier, cut) => {
          const log = await Log.of(steps);
          const from = BigInt(start) % log.end;
          const containing = log.batches.findIndex(({ last }) => last >= from);
          const sent = log.batches.slice(Math.max(containing - earlier, 0));
          const all = Buffer.concat(sent.map(({ bytes }) => bytes));
          const bytes = cut === null ? all : all.subarray(0, cut % (all.length + 1));

          let size = 0;
          const whole = sent
            .filter((batch) => (size += batch.bytes.length) <= bytes.length)
            .filter(({ last }) => last >= from);
          const visible = whole
            .filter(({ transaction }) => !transaction?.isAborted)
            .flatMap(({ offsets }) => offsets)
            .filter((offset) => offset >= from);

          const reading = async () => readRecordBatches(place, bytes, from, log.abortedFrom(from));
          if (whole.length === 0 && bytes.length > 0) {
            await expect(reading()).rejects.toMatchObject({ name: 'UndecodableBatch' });
            return;
          }
          const { records, nextOffset } = await reading();
          expect(records.map(({ offset }) => offset)).toEqual(visible);
          expect(records.map(({ value }) => String(value))).toEqual(visible.map(String));
          expect(nextOffset).toBe((whole.at(-1)?.last ?? from - 1n) + 1n);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
