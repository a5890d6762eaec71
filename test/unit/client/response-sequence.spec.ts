import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ResponseSequence } from '../../../lib/client/response-sequence.js';
import type { FrameKind } from '../../../lib/protocol/response.js';

type Frame = readonly [attempt: number, seq: number, kind: FrameKind];

/** What becomes of each frame: passed on, the end, both, or dropped. */
function judge(frames: readonly Frame[]): string[] {
  const sequence = new ResponseSequence();
  return frames.map(([attempt, seq, kind]) => {
    const { passValue, ends } = sequence.judge({ source: 'bank/1', attempt, seq, kind });
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
    const sequence = new ResponseSequence();
    sequence.judge({ source: 'bank/1', attempt: 1, seq: 0, kind: 'next' });
    expect(() => sequence.judge({ source: 'bank/1', attempt: 1, seq: 2, kind })).toThrow(
      expect.objectContaining({
        code: 'protocol-error',
        message: 'Responses are missing: number 2 came when 1 was expected.',
      }),
    );
  });

  it('counts what it has passed on', () => {
    const sequence = new ResponseSequence();
    for (const seq of [0, 1, 1, 0]) sequence.judge({ source: 'bank/1', attempt: 1, seq, kind: 'next' });
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

  it('goes on with another instance, and drops what the first one still writes', () => {
    const sequence = new ResponseSequence();
    const verdicts = (
      [
        ['bank/1', 2, 0],
        ['bank/2', 1, 0],
        ['bank/1', 2, 1],
        ['bank/2', 1, 1],
      ] as const
    ).map(([source, attempt, seq]) => sequence.judge({ source, attempt, seq, kind: 'next' }).passValue);
    expect(verdicts).toEqual([true, false, false, true]);
  });

  it('goes on with an instance that gets the request back', () => {
    const sequence = new ResponseSequence();
    const verdicts = (
      [
        ['bank/1', 0],
        ['bank/2', 0],
        ['bank/1', 1],
        ['bank/1', 0],
        ['bank/1', 1],
        ['bank/2', 1],
      ] as const
    ).map(([source, seq]) => sequence.judge({ source, attempt: 1, seq, kind: 'next' }).passValue);
    expect(verdicts).toEqual([true, false, false, false, true, false]);
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

  // Attempts end early or at the end; then the frames of older ones may still arrive among the newer ones.
  const anyDelivery = fc.array(fc.nat({ max: 8 }), { minLength: 1, maxLength: 4 }).chain((lengths) => {
    const attempts = [...lengths, 8].map((length, index) => framesOf(index + 1, length));
    const late = attempts.slice(0, -1).flat();
    return fc.record({
      attempts: fc.constant(attempts),
      late: fc.array(fc.tuple(fc.nat(), fc.constantFrom(...late, framesOf(1, 1)[0])), { maxLength: 6 }),
    });
  });

  it('passes every value on once and in order, however often the request is delivered', () => {
    fc.assert(
      fc.property(anyDelivery, ({ attempts, late }) => {
        const frames = attempts.flat();
        const afterFirst = attempts[0].length;
        for (const [place, frame] of late) {
          const newer = frames.findIndex(([attempt]) => attempt > frame[0]);
          const from = Math.max(afterFirst, newer + 1);
          frames.splice(from + (place % (frames.length - from + 1)), 0, frame);
        }
        const sequence = new ResponseSequence();
        const passed: number[] = [];
        for (const [attempt, seq, kind] of frames) {
          const verdict = sequence.judge({ source: 'bank/1', attempt, seq, kind });
          if (verdict.passValue) passed.push(seq);
          if (verdict.ends) break;
        }
        expect(passed).toEqual(Array.from({ length: 8 }, (_, seq) => seq));
      }),
    );
  });
});

/** The first frames of a stream of eight values; with all eight it has its end. */
function framesOf(attempt: number, length: number): Frame[] {
  return Array.from({ length }, (_, seq) => [attempt, seq, seq === 7 ? 'last' : 'next']);
}
