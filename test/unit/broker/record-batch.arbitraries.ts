import fc from 'fast-check';
import type { KafkajsFrame, KafkajsHeaders, KafkajsRecord } from '../../support/kafkajs-codec.js';

/** Any text that UTF-8 can carry. */
const text = fc.string({ unit: 'binary', maxLength: 20 });

/** Of lengths that take one, two and three bytes to say. */
const bytes = fc
  .oneof(
    { weight: 20, arbitrary: fc.uint8Array({ maxLength: 70 }) },
    { weight: 2, arbitrary: fc.uint8Array({ minLength: 120, maxLength: 140 }) },
    {
      weight: 1,
      arbitrary: fc.integer({ min: 8190, max: 8200 }).map((size) => new Uint8Array(size).fill(7)),
    },
  )
  .map((array) => Buffer.from(array));

export const nullableBytes = fc.option(bytes);

/** Safe integers whose differences take from one to eight bytes to say. */
export const timestamp = fc.oneof(
  fc.nat({ max: 300 }),
  fc.nat({ max: 2 ** 36 }),
  fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 }),
  fc.nat({ max: Number.MAX_SAFE_INTEGER }),
);

/** What kafkajs finds on every object is no name of a header to its decoder. */
const name = fc
  .oneof(text, fc.constantFrom('a', 'b', 'ac-kind', 'ä', '7', '字'.repeat(100)))
  .filter((each) => !(each in Object.prototype));

/** Names come again, and in any order. */
export const headerList = fc.oneof(
  { weight: 20, arbitrary: fc.array(fc.tuple(name, bytes), { maxLength: 8 }) },
  {
    weight: 1,
    arbitrary: fc.array(fc.tuple(name, fc.constant(Buffer.alloc(0))), { minLength: 60, maxLength: 70 }),
  },
);

const headerObject: fc.Arbitrary<KafkajsHeaders> = fc
  .array(
    fc.tuple(
      fc.oneof(name, fc.constantFrom('__proto__', 'toString')),
      fc.oneof(text, bytes, fc.array(fc.oneof(text, bytes), { maxLength: 3 })),
    ),
    { maxLength: 6 },
  )
  .map((entries) => Object.fromEntries(entries) as KafkajsHeaders);

/** Who wrote a batch, and the number of its first record. */
export const stamp = fc.record({
  producerId: fc.bigInt({ min: -1n, max: 2n ** 63n - 1n }),
  epoch: fc.integer({ min: -1, max: 32_767 }),
  baseSequence: fc.integer({ min: -1, max: 2 ** 31 - 1 }),
});

/** A batch for kafkajs's encoder. */
export interface EncodableBatch {
  readonly frame: KafkajsFrame;
  readonly records: readonly KafkajsRecord[];
  /** Whether the broker has set the time of its records. */
  readonly logAppendTime: boolean;
}

/** Compaction leaves gaps between records, and may remove them all; the frame keeps what it said before. */
export const encodableBatch: fc.Arbitrary<EncodableBatch> = fc
  .record({
    messages: fc.array(
      fc.record({
        key: fc.oneof(nullableBytes, text),
        value: fc.oneof(nullableBytes, text),
        headers: headerObject,
        timestamp,
        gap: fc.oneof(
          { weight: 4, arbitrary: fc.constant(0) },
          { weight: 1, arbitrary: fc.nat({ max: 10_000 }) },
        ),
      }),
      { maxLength: 8 },
    ),
    gapAtEnd: fc.nat({ max: 2 }),
    firstOffset: fc.bigInt({ min: 0n, max: 2n ** 62n }),
    firstTimestamp: timestamp,
    maxTimestamp: timestamp,
    compression: fc.constantFrom(0, 1),
    transactional: fc.boolean(),
    partitionLeaderEpoch: fc.integer({ min: -1, max: 2 ** 31 - 1 }),
    stamp,
    logAppendTime: fc.boolean(),
  })
  .map(({ messages, gapAtEnd, stamp: { producerId, epoch, baseSequence }, logAppendTime, ...frame }) => {
    let next = 0;
    const records = messages.map(({ gap, timestamp: time, ...message }) => {
      const offsetDelta = next + gap;
      next = offsetDelta + 1;
      return { ...message, offsetDelta, timestampDelta: time - frame.firstTimestamp };
    });
    const lastOffsetDelta = Math.max(next - 1, 0) + gapAtEnd;
    return {
      frame: { ...frame, lastOffsetDelta, producerId, producerEpoch: epoch, firstSequence: baseSequence },
      records,
      logAppendTime,
    };
  });
