import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { OnRedelivery } from '../../../lib/client/call-options.js';
import { ResponseSequence, type SequencedFrame, SUPERSEDED } from '../../../lib/client/response-sequence.js';
import type { FrameKind } from '../../../lib/protocol/frame-list.js';

type Frame = readonly [attempt: number, seq: number, kind: FrameKind];

/** What becomes of each frame: passed on, the end, both, or dropped. */
function judge(frames: readonly Frame[], onRedelivery: OnRedelivery = 'continue'): string[] {
  const sequence = new ResponseSequence(onRedelivery);
  return frames.map(([attempt, seq, kind]) => {
    const { passValue, ends } = sequence.judge({ epoch: 1, attempt, seq, kind });
    return [passValue && 'passed', ends && 'end'].filter(Boolean).join(' ') || 'dropped';
  });
}

describe('ResponseSequence', () => {
  it('passes each value on, and ends at the end', () => {
    expect(
      judge([
        [1, 0, 'next'],
        [1, 1, 'next'],
        [1, 2, 'complete'],
      ]),
    ).toEqual(['passed', 'passed', 'end']);
    expect(
      judge([
        [1, 0, 'next'],
        [1, 1, 'last'],
      ]),
    ).toEqual(['passed', 'passed end']);
    expect(judge([[1, 0, 'complete']])).toEqual(['end']);
    expect(
      judge([
        [1, 0, 'next'],
        [1, 1, 'error'],
      ]),
    ).toEqual(['passed', 'end']);
  });

  it('drops repeats', () => {
    expect(
      judge([
        [1, 0, 'next'],
        [1, 0, 'next'],
        [1, 1, 'next'],
        [1, 0, 'next'],
      ]),
    ).toEqual(['passed', 'dropped', 'passed', 'dropped']);
  });

  it.each<FrameKind>(['next', 'last', 'complete', 'error'])('reports a gap before a frame "%s"', (kind) => {
    const sequence = new ResponseSequence('continue');
    sequence.judge({ epoch: 1, attempt: 1, seq: 0, kind: 'next' });
    expect(() => sequence.judge({ epoch: 1, attempt: 1, seq: 2, kind })).toThrow(
      expect.objectContaining({
        code: 'protocol-error',
        message: 'Responses are missing: number 2 came when 1 was expected.',
      }),
    );
  });

  it('counts what it has passed on', () => {
    const sequence = new ResponseSequence('continue');
    for (const seq of [0, 1, 1, 0]) sequence.judge({ epoch: 1, attempt: 1, seq, kind: 'next' });
    expect(sequence.passed).toBe(2);
  });

  it('goes on after what it has passed on when the request is delivered again', () => {
    expect(
      judge([
        [1, 0, 'next'],
        [1, 1, 'next'],
        [2, 0, 'next'],
        [2, 1, 'next'],
        [2, 2, 'last'],
      ]),
    ).toEqual(['passed', 'passed', 'dropped', 'dropped', 'passed end']);
  });

  it('drops the frames of an older attempt, also its end', () => {
    expect(
      judge([
        [2, 0, 'next'],
        [1, 1, 'next'],
        [1, 1, 'error'],
        [1, 9, 'next'],
        [2, 1, 'last'],
      ]),
    ).toEqual(['passed', 'dropped', 'dropped', 'dropped', 'passed end']);
  });

  it('orders deliveries by epoch first, whoever answers', () => {
    const sequence = new ResponseSequence('continue');
    const verdicts = (
      [
        [3, 2, 0],
        [5, 1, 0],
        [3, 2, 1],
        [3, 3, 0],
        [5, 1, 1],
        [4, 9, 2],
        [5, 1, 2],
      ] as const
    ).map(([epoch, attempt, seq]) => sequence.judge({ epoch, attempt, seq, kind: 'next' }));
    expect(verdicts.map(({ passValue }) => passValue)).toEqual([
      true,
      false,
      false,
      false,
      true,
      false,
      true,
    ]);
    expect(verdicts.map((verdict) => verdict === SUPERSEDED)).toEqual([
      false,
      false,
      true,
      true,
      false,
      true,
      false,
    ]);
    expect(sequence.delivery).toBe(2);
  });

  it('counts a later delivery from its first frame on, whichever that is', () => {
    expect(
      judge([
        [1, 0, 'next'],
        [1, 1, 'next'],
        [2, 1, 'next'],
        [1, 2, 'last'],
        [2, 2, 'last'],
      ]),
    ).toEqual(['passed', 'passed', 'dropped', 'dropped', 'passed end']);
  });

  it('takes a service that sends no epoch', () => {
    const sequence = new ResponseSequence('continue');
    expect(sequence.judge({ epoch: 0, attempt: 1, seq: 0, kind: 'last' })).toEqual({
      passValue: true,
      ends: true,
    });
  });

  it('starts again with a later delivery, if that is wanted', () => {
    const frames: Frame[] = [
      [1, 0, 'next'],
      [1, 1, 'next'],
      [2, 0, 'next'],
      [1, 2, 'next'],
      [2, 1, 'next'],
      [2, 1, 'next'],
      [2, 2, 'last'],
    ];
    expect(judge(frames, 'restart')).toEqual([
      'passed',
      'passed',
      'passed',
      'dropped',
      'passed',
      'dropped',
      'passed end',
    ]);
    expect(() =>
      judge(
        [
          [1, 0, 'next'],
          [1, 1, 'next'],
          [2, 1, 'next'],
        ],
        'restart',
      ),
    ).toThrow(/number 1 came when 0 was expected/);
  });

  it('counts all that it has passed on, and each delivery', () => {
    const sequence = new ResponseSequence('restart');
    const seen = [
      [1, 0],
      [1, 1],
      [2, 0],
      [4, 0],
    ].map(([attempt, seq]) => {
      sequence.judge({ epoch: 1, attempt: attempt, seq: seq, kind: 'next' });
      return [sequence.delivery, sequence.passed];
    });
    expect(seen).toEqual([
      [1, 1],
      [1, 2],
      [2, 3],
      [3, 4],
    ]);
  });

  it('fails at a later delivery in mid-stream, if that is wanted', () => {
    expect(() =>
      judge(
        [
          [1, 0, 'next'],
          [1, 1, 'next'],
          [2, 0, 'next'],
        ],
        'fail',
      ),
    ).toThrow(
      expect.objectContaining({
        code: 'interrupted',
        message: expect.stringContaining('delivered again after 2 of its responses had come'),
      }),
    );
  });

  it('has nothing against a later delivery before the first value', () => {
    const frames: Frame[] = [
      [2, 0, 'next'],
      [2, 1, 'last'],
    ];
    expect(judge(frames, 'fail')).toEqual(['passed', 'passed end']);
    expect(judge([[1, 0, 'complete']], 'fail')).toEqual(['end']);
  });

  it('ends where a later attempt is shorter than the earlier one', () => {
    expect(
      judge([
        [1, 0, 'next'],
        [1, 1, 'next'],
        [2, 0, 'last'],
      ]),
    ).toEqual(['passed', 'passed', 'end']);
    expect(
      judge([
        [1, 0, 'next'],
        [1, 1, 'next'],
        [2, 0, 'error'],
      ]),
    ).toEqual(['passed', 'passed', 'end']);
  });

  it('ends once the last value comes again, without passing it on', () => {
    expect(
      judge([
        [1, 0, 'next'],
        [2, 0, 'last'],
      ]),
    ).toEqual(['passed', 'end']);
  });

  it('reports a gap in a later attempt', () => {
    expect(() =>
      judge([
        [1, 0, 'next'],
        [2, 2, 'next'],
      ]),
    ).toThrow(/number 2 came when 1 was expected/);
  });

  // Deliveries end early, the last one at the end; frames of earlier ones may still arrive among the later ones.
  const anyDeliveries = fc
    .uniqueArray(fc.tuple(fc.nat({ max: 3 }), fc.integer({ min: 1, max: 3 }), fc.nat({ max: 7 })), {
      minLength: 1,
      maxLength: 5,
      selector: ([epoch, attempt]) => `${epoch}/${attempt}`,
    })
    .map((drawn) => {
      const inOrder = [...drawn].sort(([e1, a1], [e2, a2]) => e1 - e2 || a1 - a2);
      return inOrder.map(([epoch, attempt, length], index) =>
        framesOf(epoch, attempt, index === inOrder.length - 1 ? 8 : length),
      );
    });
  const lateFrames = fc.array(
    fc.record({
      which: fc.nat(),
      place: fc.nat(),
      kind: fc.constantFrom<FrameKind>('next', 'last', 'complete', 'error'),
    }),
    { maxLength: 6 },
  );
  type LateFrame = (typeof lateFrames extends fc.Arbitrary<infer T> ? T : never)[number];

  /** The frames in an order in which they can arrive: a late one only after a later delivery has begun. */
  function arriving(deliveries: readonly SequencedFrame[][], late: readonly LateFrame[]): SequencedFrame[] {
    const frames = deliveries.flat();
    const earlier = deliveries.slice(0, -1).flat();
    for (const { which, place, kind } of earlier.length > 0 ? late : []) {
      const frame = { ...earlier[which % earlier.length], kind };
      const isLater = (each: SequencedFrame) =>
        (each.epoch - frame.epoch || each.attempt - frame.attempt) > 0;
      const from = frames.findIndex(isLater) + 1;
      frames.splice(from + (place % (frames.length - from + 1)), 0, frame);
    }
    return frames;
  }

  it('passes every value on once and in order, however often the request is delivered', () => {
    fc.assert(
      fc.property(anyDeliveries, lateFrames, (deliveries, late) => {
        expect(passedOf('continue', arriving(deliveries, late)).map(({ seq }) => seq)).toEqual(PLACES);
      }),
    );
  });

  it('passes every delivery on from its first value, in order, where that is wanted', () => {
    fc.assert(
      fc.property(anyDeliveries, lateFrames, (deliveries, late) => {
        const expected = deliveries.flat().map(({ epoch, attempt, seq }) => [epoch, attempt, seq]);
        const passed = passedOf('restart', arriving(deliveries, late));
        expect(passed.map(({ epoch, attempt, seq }) => [epoch, attempt, seq])).toEqual(expected);
      }),
    );
  });
});

const PLACES = [0, 1, 2, 3, 4, 5, 6, 7];

/** The frames whose values are passed on, up to the end of the call. */
function passedOf(onRedelivery: OnRedelivery, frames: readonly SequencedFrame[]): SequencedFrame[] {
  const sequence = new ResponseSequence(onRedelivery);
  const passed: SequencedFrame[] = [];
  for (const frame of frames) {
    const { passValue, ends } = sequence.judge(frame);
    if (passValue) passed.push(frame);
    if (ends) return passed;
  }
  throw new Error('the call did not end');
}

/** The first frames of a stream of eight values; with all eight it has its end. */
function framesOf(epoch: number, attempt: number, length: number): SequencedFrame[] {
  return PLACES.slice(0, length).map((seq) => ({ epoch, attempt, seq, kind: seq === 7 ? 'last' : 'next' }));
}
