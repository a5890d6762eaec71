import { AsyncCallError } from '../errors/async-call-error.js';
import type { IncomingResponse } from '../protocol/response.js';
import type { OnRedelivery } from './call-options.js';

/** What a frame means for the call it belongs to. */
export interface FrameVerdict {
  /** Its value is the next one to pass on. */
  readonly passValue: boolean;
  /** It ends the call. */
  readonly ends: boolean;
}

/** What the decision depends on. */
export type SequencedFrame = Pick<IncomingResponse, 'kind' | 'seq' | 'epoch' | 'attempt'>;

/** A frame of an earlier delivery than the one that counts: it is no sign of life. */
export const SUPERSEDED: FrameVerdict = { passValue: false, ends: false };

const REPEATED: FrameVerdict = { passValue: false, ends: false };
const VALUE: FrameVerdict = { passValue: true, ends: false };
const LAST_VALUE: FrameVerdict = { passValue: true, ends: true };
const END: FrameVerdict = { passValue: false, ends: true };

/**
 * Decides which frames of a call count. Deliveries of one request are ordered by epoch and attempt; a later one counts
 * from its first frame on, and what earlier ones still write (an instance that has lost its partition without knowing
 * it) does not. Each place in the stream is passed on once and in order, over all deliveries; with `restart`, over each.
 */
export class ResponseSequence {
  private epoch = -1;
  private attempt = 0;
  private expectedSeq = 0;
  private valuesPassed = 0;
  private deliveriesSeen = 0;

  constructor(private readonly onRedelivery: OnRedelivery) {}

  /** How many values were passed on. */
  get passed(): number {
    return this.valuesPassed;
  }

  /** Which delivery counts now, of those that were seen, from 1. */
  get delivery(): number {
    return this.deliveriesSeen;
  }

  /**
   * Judges the frames of a call, in the order they came. Throws `protocol-error` if one is missing, and `interrupted`
   * at a redelivery in mid-stream where that is to fail.
   */
  judge(frame: SequencedFrame): FrameVerdict {
    const { kind, seq, epoch, attempt } = frame;
    const order = epoch - this.epoch || attempt - this.attempt;
    if (order < 0) return SUPERSEDED;
    if (order > 0) this.begin(epoch, attempt);
    if (seq > this.expectedSeq) throw this.missing(seq);
    const ends = kind !== 'next';
    const isValue = kind === 'next' || kind === 'last';
    if (!isValue || seq < this.expectedSeq) return ends ? END : REPEATED;
    this.expectedSeq += 1;
    this.valuesPassed += 1;
    return ends ? LAST_VALUE : VALUE;
  }

  private begin(epoch: number, attempt: number): void {
    this.epoch = epoch;
    this.attempt = attempt;
    this.deliveriesSeen += 1;
    if (this.expectedSeq === 0) return;
    if (this.onRedelivery === 'fail') throw this.interrupted();
    if (this.onRedelivery === 'restart') this.expectedSeq = 0;
  }

  private missing(seq: number): AsyncCallError {
    return new AsyncCallError(
      'protocol-error',
      `Responses are missing: number ${seq} came when ${this.expectedSeq} was expected.`,
    );
  }

  private interrupted(): AsyncCallError {
    return new AsyncCallError(
      'interrupted',
      `The request was delivered again after ${this.valuesPassed} of its responses had come, ` +
        'and the call is not to go on then (onRedelivery).',
    );
  }
}
