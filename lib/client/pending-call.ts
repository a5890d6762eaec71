import { AsyncResource } from 'node:async_hooks';
import type { BrokerError } from '../broker/broker-error.js';
import type { ConsumerRecord } from '../broker/record.js';
import type { Environment, TimerHandle } from '../environment/environment.js';
import { AsyncCallError } from '../errors/async-call-error.js';
import { decodeResponses } from '../protocol/frames.js';
import { OrderedChecks } from '../protocol/ordered-checks.js';
import type { RequestKind } from '../protocol/request.js';
import type { IncomingResponse } from '../protocol/response.js';
import type { SerializedPayload, Serializer } from '../protocol/serializer.js';
import type { AsyncCallResponse } from './async-call-response.js';
import { type CallProgress, closedError, type ReachedLimit, timeoutError } from './call-failures.js';
import type { CallLimits } from './call-limits.js';
import type { OnRedelivery } from './call-options.js';
import { ResponseSequence, SUPERSEDED } from './response-sequence.js';

/** Who gets what a call brings. */
export interface CallObserver {
  /** The next value, the response that brought it, and the call that it came to: see {@link responseOf}. */
  next(
    value: unknown,
    response: IncomingResponse,
    call: Pick<AsyncCallResponse, 'requestId' | 'delivery'>,
  ): void;
  error(error: unknown): void;
  complete(): void;
}

/** What a call starts with. */
export interface PendingCallOptions {
  readonly environment: Environment;
  readonly requestId: string;
  readonly kind: RequestKind;
  /** `service/endpoint`, for messages. */
  readonly target: string;
  readonly limits: CallLimits;
  readonly onRedelivery: OnRedelivery;
  readonly serializer: Serializer;
  /** What each value goes through before it is passed on; it may return a promise. Absent for nothing. */
  readonly check?: (value: unknown) => unknown;
  /** Reads the responses of a record. Absent for this protocol's own form. */
  readonly read?: (record: ConsumerRecord) => readonly IncomingResponse[];
  readonly observer: CallObserver;
  /** Why the broker could not be used last, for the error of a call that times out. */
  readonly lastTrouble?: () => BrokerError | undefined;
}

/**
 * One call from its start to its end: the last response, an error, a timeout, or the caller's leave. Its observer is
 * told in the async context that the call was made in, so that what it does next belongs to the same handler.
 */
export class PendingCall {
  readonly requestId: string;
  private readonly context = new AsyncResource('AsyncCall', { requireManualDestroy: true });
  private readonly sequence: ResponseSequence;
  private readonly startedAt = this.options.environment.now();
  private readonly timer: TimerHandle | undefined;
  private readonly idleTimer: TimerHandle | undefined;
  /** There if values are checked. */
  private readonly checks: OrderedChecks | undefined;
  private readonly overListeners: ((call: PendingCall) => void)[] = [];
  private over = false;
  private left = false;
  private acknowledged = false;
  private checking = false;
  /** Tells the service that nobody waits any more; there while that is true of a call that ends. */
  private giveUp: (() => void) | undefined;

  constructor(private readonly options: PendingCallOptions) {
    const { environment, requestId, onRedelivery, limits, check } = options;
    this.requestId = requestId;
    this.sequence = new ResponseSequence(onRedelivery);
    this.checks = check && new OrderedChecks(check, (error) => this.fail(AsyncCallError.from(error)));
    if (isTime(limits.timeoutMs)) {
      this.timer = environment.setTimeout(() => this.timedOut(), limits.timeoutMs);
    }
    // One that is no shorter would never be the first to be over.
    if (isTime(limits.idleTimeoutMs) && limits.idleTimeoutMs < limits.timeoutMs) {
      this.idleTimer = environment.setTimeout(() => this.idledOut(), limits.idleTimeoutMs);
    }
  }

  /** What is called, for messages: `service/endpoint`. */
  get target(): string {
    return this.options.target;
  }

  get kind(): RequestKind {
    return this.options.kind;
  }

  /** How many responses have been passed on. */
  get received(): number {
    return this.sequence.passed;
  }

  /** Whether nobody waits for it any more. */
  get isOver(): boolean {
    return this.over;
  }

  /** Whether it was handed over to be written; then the broker may have it. */
  get hasLeft(): boolean {
    return this.left;
  }

  /** Whether the broker has stored it. */
  get isStored(): boolean {
    return this.acknowledged;
  }

  /** Calls back once, when the call is over in whatever way, before its observer hears of it. */
  onOver(listener: (call: PendingCall) => void): void {
    this.overListeners.push(listener);
  }

  /** Which delivery of the request counts now; see {@link AsyncCallResponse.delivery}. */
  get delivery(): number {
    return this.sequence.delivery;
  }

  /** Goes on when the check of its request has ended, unless it is over by then; fails if the check does. */
  whenChecked(checking: Promise<unknown>, goOn: () => void): void {
    this.checking = true;
    checking
      .then(() => {
        this.checking = false;
        if (!this.over) goOn();
      })
      .catch((error: unknown) => this.fail(AsyncCallError.from(error)));
  }

  /**
   * It is handed over to be written. `giveUp` is called if it ends before its stream has ended, unless the service
   * knows that by itself, from the deadline that it was sent.
   */
  leave(giveUp?: () => void): void {
    this.left = true;
    this.giveUp = giveUp;
  }

  /** The broker has stored it: that is the good end of a one-way call. */
  acknowledge(): void {
    this.acknowledged = true;
    if (this.options.kind === 'one-way') this.complete();
  }

  /** The broker has not taken it. What it does not take now it takes no cancel of, either. */
  refuse(error: unknown): void {
    this.giveUp = undefined;
    this.fail(error);
  }

  /** What is left of its time, at least 1; `undefined` if it has no limit. */
  get remainingMs(): number | undefined {
    if (this.timer === undefined) return undefined;
    const { environment, limits } = this.options;
    return Math.max(1, limits.timeoutMs - (environment.now() - this.startedAt));
  }

  /** Takes a record of one response or of several. One that cannot be read ends the call with `protocol-error`. */
  receive(record: ConsumerRecord): void {
    if (!this.over) this.context.runInAsyncScope(() => this.take(record));
  }

  /** Ends the call well. */
  complete(): void {
    const { observer } = this.options;
    if (this.end()) this.context.runInAsyncScope(() => observer.complete());
  }

  /** Ends the call with an error. */
  fail(error: unknown): void {
    const { observer } = this.options;
    if (this.end()) this.context.runInAsyncScope(() => observer.error(error));
  }

  /** Ends the call without telling its observer: it has left. */
  cancel(): void {
    this.end();
  }

  /** Ends the call because its client is closed. */
  close(): void {
    this.fail(closedError(this.progress()));
  }

  private take(record: ConsumerRecord): void {
    this.acknowledged = true;
    try {
      const { read = decodeResponses } = this.options;
      for (const response of read(record)) {
        // Its observer may leave in the middle of the record; behind its end there may still be checks to wait for.
        if (!this.over && !this.checks?.isClosed) this.takeResponse(response);
      }
    } catch (error) {
      this.fail(AsyncCallError.from(error));
    }
  }

  private takeResponse(response: IncomingResponse): void {
    const verdict = this.sequence.judge(response);
    if (verdict === SUPERSEDED) return;
    this.idleTimer?.refresh();
    if (verdict.ends) this.giveUp = undefined;
    if (verdict.passValue && 'payload' in response) {
      const value = this.deserialize(response.payload);
      if (this.checks) this.passChecked(this.checks, value, response);
      else this.options.observer.next(value, response, this);
    }
    if (!verdict.ends) return;
    this.options.environment.clearTimeout(this.idleTimer);
    if (this.checks) this.checks.end(() => this.conclude(response));
    else this.conclude(response);
  }

  private passChecked(checks: OrderedChecks, value: unknown, response: IncomingResponse): void {
    // Another delivery may count by the time that the check is over.
    const { requestId, delivery } = this;
    checks.pass(value, (checked) => this.options.observer.next(checked, response, { requestId, delivery }));
  }

  private conclude(response: IncomingResponse): void {
    if (response.kind === 'error') this.fail(response.error);
    else this.complete();
  }

  private timedOut(): void {
    const { timeoutMs, isInherited } = this.options.limits;
    // The service knows this deadline, and ends by itself.
    this.giveUp = undefined;
    this.failAt({ ms: timeoutMs, of: isInherited ? 'handler' : 'call' });
  }

  private idledOut(): void {
    this.failAt({ ms: this.options.limits.idleTimeoutMs, of: 'idle' });
  }

  private failAt(limit: ReachedLimit): void {
    this.fail(timeoutError(this.progress(), limit));
  }

  /** Returns whether it was not over before. */
  private end(): boolean {
    if (this.over) return false;
    this.over = true;
    const { environment } = this.options;
    environment.clearTimeout(this.timer);
    environment.clearTimeout(this.idleTimer);
    this.checks?.stop();
    for (const listener of this.overListeners) listener(this);
    this.giveUp?.();
    // Its hooks run later, after the observer was told.
    this.context.emitDestroy();
    return true;
  }

  private progress(): CallProgress {
    const { kind, target, lastTrouble } = this.options;
    const { requestId, checking, left, acknowledged, sequence } = this;
    const { passed } = sequence;
    return { kind, target, requestId, checking, left, acknowledged, passed, trouble: lastTrouble?.() };
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
}

/** Whether a timer can take it; what is over already, or wrong, the caller is told otherwise. */
function isTime(ms: number): boolean {
  return Number.isFinite(ms) && ms > 0;
}
