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
}

/** One call from its start to its end: the last response, an error, the timeout, or the caller's leave. */
export class PendingCall {
  readonly requestId: string;
  /** Called once, when the call is over in whatever way. */
  onOver: () => void = () => undefined;
  private readonly sequence = new ResponseSequence();
  private readonly startedAt = Date.now();
  private readonly timer: NodeJS.Timeout | undefined;
  private over = false;

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

  /** What is left of its time, at least 1; `undefined` if it has no limit. */
  get remainingMs(): number | undefined {
    if (this.timer === undefined) return undefined;
    return Math.max(1, this.options.timeoutMs - (Date.now() - this.startedAt));
  }

  /** Takes a response record. One that cannot be read ends the call with `protocol-error`. */
  receive(record: ConsumerRecord): void {
    if (this.over) return;
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
    this.onOver();
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

  private timeoutError(): AsyncCallError {
    const { kind, target, timeoutMs } = this.options;
    const { passed } = this.sequence;
    if (kind === 'one-way') {
      return new AsyncCallError(
        'timeout',
        `The broker did not acknowledge the one-way call of ${target} within ${timeoutMs} ms; ` +
          'it may have stored it all the same.',
      );
    }
    return new AsyncCallError(
      'timeout',
      `${target} did not end its responses within ${timeoutMs} ms; ` +
        `${passed === 1 ? 'one' : passed || 'none'} came (request ${this.requestId}).`,
    );
  }
}
