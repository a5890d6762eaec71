import type { BrokerError } from '../broker/broker-error.js';
import type { ConsumerRecord } from '../broker/record.js';
import { AsyncCallError } from '../errors/async-call-error.js';
import type { RequestKind } from '../protocol/request.js';
import { decodeResponse, type IncomingResponse } from '../protocol/response.js';
import type { SerializedPayload, Serializer } from '../protocol/serializer.js';
import type { AsyncCallResponse } from './async-call-response.js';
import { ResponseSequence } from './response-sequence.js';

/** Who gets what a call brings. */
export interface CallObserver {
  next(response: AsyncCallResponse): void;
  error(error: unknown): void;
  complete(): void;
}

/** What a call starts with. */
export interface PendingCallOptions {
  readonly requestId: string;
  readonly kind: RequestKind;
  /** `service/endpoint`, for messages. */
  readonly target: string;
  /** `Infinity` for no limit. */
  readonly timeoutMs: number;
  readonly serializer: Serializer;
  readonly observer: CallObserver;
  /** Why the broker could not be used last, for the error of a call that times out. */
  readonly lastTrouble?: () => BrokerError | undefined;
}

/** One call from its start to its end: the last response, an error, the timeout, or the caller's leave. */
export class PendingCall {
  readonly requestId: string;
  private readonly sequence = new ResponseSequence();
  private readonly startedAt = Date.now();
  private readonly timer: NodeJS.Timeout | undefined;
  private readonly overListeners: (() => void)[] = [];
  private over = false;
  private left = false;
  private acknowledged = false;

  constructor(private readonly options: PendingCallOptions) {
    this.requestId = options.requestId;
    if (Number.isFinite(options.timeoutMs)) {
      this.timer = setTimeout(() => this.fail(this.timeoutError()), options.timeoutMs);
    }
  }

  /** Whether nobody waits for it any more. */
  get isOver(): boolean {
    return this.over;
  }

  /** Whether it was handed over to be written; then the broker may have it. */
  get hasLeft(): boolean {
    return this.left;
  }

  /** Calls back once, when the call is over in whatever way, before its observer hears of it. */
  onOver(listener: () => void): void {
    this.overListeners.push(listener);
  }

  /** It is handed over to be written. */
  leave(): void {
    this.left = true;
  }

  /** The broker has stored it: that is the good end of a one-way call. */
  acknowledge(): void {
    this.acknowledged = true;
    if (this.options.kind === 'one-way') this.complete();
  }

  /** What is left of its time, at least 1; `undefined` if it has no limit. */
  get remainingMs(): number | undefined {
    if (this.timer === undefined) return undefined;
    return Math.max(1, this.options.timeoutMs - (Date.now() - this.startedAt));
  }

  /** Takes a response record. One that cannot be read ends the call with `protocol-error`. */
  receive(record: ConsumerRecord): void {
    if (this.over) return;
    this.acknowledged = true;
    try {
      const frame = decodeResponse(record);
      const { passValue, ends } = this.sequence.judge(frame);
      if (passValue && 'payload' in frame) this.options.observer.next(this.toResponse(frame));
      if (!ends) return;
      if (frame.kind === 'error') this.fail(frame.error);
      else this.complete();
    } catch (error) {
      this.fail(AsyncCallError.from(error));
    }
  }

  /** Ends the call well. */
  complete(): void {
    this.end(() => this.options.observer.complete());
  }

  /** Ends the call with an error. */
  fail(error: unknown): void {
    this.end(() => this.options.observer.error(error));
  }

  /** Ends the call without telling its observer: it has left. */
  cancel(): void {
    this.end(() => undefined);
  }

  private end(tell: () => void): void {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.timer);
    for (const listener of this.overListeners) listener();
    tell();
  }

  private toResponse(frame: IncomingResponse & { readonly payload: SerializedPayload }): AsyncCallResponse {
    const { id, seq, attempt, source, headers, payload } = frame;
    const [service, instance] = source?.split('/', 2) ?? [];
    const value = this.deserialize(payload);
    return { value, id, requestId: this.requestId, seq, attempt, service, instance, headers };
  }

  private deserialize(payload: SerializedPayload): unknown {
    try {
      return this.options.serializer.deserialize(payload);
    } catch (error) {
      throw new AsyncCallError(
        'protocol-error',
        `A response of ${this.options.target} cannot be read: ${AsyncCallError.from(error).message}`,
        { cause: error },
      );
    }
  }

  /** The error of a call that its client's end leaves unfinished. */
  closedError(): AsyncCallError {
    const { kind, target } = this.options;
    const until = !this.left ? 'was sent' : kind === 'one-way' ? 'was acknowledged' : 'was over';
    const doubt = this.left && kind === 'one-way' ? '; the broker may have stored it all the same' : '';
    return new AsyncCallError(
      'closed',
      `The client was closed before the call of ${target} ${until}${doubt}.`,
      {
        cause: this.options.lastTrouble?.(),
      },
    );
  }

  private timeoutError(): AsyncCallError {
    if (this.acknowledged) return new AsyncCallError('timeout', this.unfinished());
    const cause = this.options.lastTrouble?.();
    return new AsyncCallError('timeout', this.left ? this.unacknowledged() : this.unsent(cause), { cause });
  }

  private unfinished(): string {
    const { target, timeoutMs } = this.options;
    const { passed } = this.sequence;
    return (
      `${target} did not end its responses within ${timeoutMs} ms; ` +
      `${passed === 1 ? 'one' : passed || 'none'} came (request ${this.requestId}).`
    );
  }

  private unacknowledged(): string {
    const { kind, target, timeoutMs } = this.options;
    return (
      `The broker did not acknowledge the ${kind === 'one-way' ? 'one-way call' : 'request'} of ${target} ` +
      `within ${timeoutMs} ms; it may have stored it all the same.`
    );
  }

  private unsent(trouble: BrokerError | undefined): string {
    const { target, timeoutMs } = this.options;
    return (
      `The call of ${target} was not sent: the broker could not be reached within ${timeoutMs} ms` +
      `${trouble ? ` (${trouble.message})` : ''}.`
    );
  }
}
