import { AsyncCallError } from '../errors/async-call-error.js';
import type { IncomingResponse } from '../protocol/response.js';

/** What a frame means for the call it belongs to. */
export interface FrameVerdict {
  /** Its value is the next one to pass on. */
  readonly passValue: boolean;
  /** It ends the call. */
  readonly ends: boolean;
}

/** What the decision depends on. */
export type SequencedFrame = Pick<IncomingResponse, 'kind' | 'seq' | 'attempt' | 'source'>;

/**
 * Decides which frames of a call count. Each place in the stream is passed on once and in order, also if the
 * request was delivered more than once: then the later delivery goes on where the earlier one stopped.
 *
 * A delivery is one attempt of one instance. The one that was seen last counts; an earlier one that goes on writing
 * (an instance that has lost its partition without knowing it) does not.
 */
export class ResponseSequence {
  private nextSeq = 0;
  private current: string | undefined;
  private readonly attempts = new Map<string | undefined, number>();

  /** How many values were passed on. */
  get passed(): number {
    return this.nextSeq;
  }

  /** Judges the frames of a call, in the order they came. Throws `protocol-error` if one is missing. */
  judge(frame: SequencedFrame): FrameVerdict {
    const { kind, seq } = frame;
    if (this.isSuperseded(frame)) return { passValue: false, ends: false };
    if (seq > this.nextSeq) {
      throw new AsyncCallError(
        'protocol-error',
        `Responses are missing: number ${seq} came when ${this.nextSeq} was expected.`,
      );
    }
    const passValue = (kind === 'next' || kind === 'last') && seq === this.nextSeq;
    if (passValue) this.nextSeq += 1;
    return { passValue, ends: kind !== 'next' };
  }

  private isSuperseded({ source, attempt, seq }: SequencedFrame): boolean {
    const latest = this.attempts.get(source) ?? 0;
    const isCurrent = source === this.current && attempt === latest;
    // An instance may get a request back that it had lost, and counts from 1 again. It shows by the first place of
    // the stream: what is left of its earlier delivery lies behind that, for a partition keeps its order.
    const isNew = attempt > latest || (seq === 0 && !isCurrent);
    if (!isNew) return !isCurrent;
    this.attempts.set(source, attempt);
    this.current = source;
    return false;
  }
}
