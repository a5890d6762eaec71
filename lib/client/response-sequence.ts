import { AsyncCallError } from '../errors/async-call-error.js';
import type { IncomingResponse } from '../protocol/response.js';

/** What a frame means for the call it belongs to. */
export interface FrameVerdict {
  /** Its value is the next one to pass on. */
  readonly passValue: boolean;
  /** It ends the call. */
  readonly ends: boolean;
}

/**
 * Decides which frames of a call count. Each place in the stream is passed on once and in order, also if the
 * request was delivered more than once: then the later delivery goes on where the earlier one stopped.
 */
export class ResponseSequence {
  private nextSeq = 0;
  private attempt = 0;

  /** How many values were passed on. */
  get passed(): number {
    return this.nextSeq;
  }

  /** Judges the frames of a call, in the order they came. Throws `protocol-error` if one is missing. */
  judge({ kind, seq, attempt }: Pick<IncomingResponse, 'kind' | 'seq' | 'attempt'>): FrameVerdict {
    if (attempt < this.attempt) return { passValue: false, ends: false };
    this.attempt = attempt;
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
}
