import type { BrokerError } from '../broker/broker-error.js';
import { AsyncCallError } from '../errors/async-call-error.js';
import type { RequestKind } from '../protocol/request.js';

/** How far a call has come when it fails at the client. */
export interface CallProgress {
  readonly kind: RequestKind;
  /** `service/endpoint`. */
  readonly target: string;
  readonly requestId: string;
  /** Whether the check of its request has not ended. */
  readonly checking: boolean;
  /** Whether it was handed over to be written. */
  readonly left: boolean;
  /** Whether the broker has stored it. */
  readonly acknowledged: boolean;
  /** How many values were passed on. */
  readonly passed: number;
  /** Why the broker could not be used when that was last tried. */
  readonly trouble: BrokerError | undefined;
}

/** A limit that was reached. */
export interface ReachedLimit {
  readonly ms: number;
  readonly of: 'call' | 'handler' | 'idle';
}

const WHOSE_LIMIT: Readonly<Record<ReachedLimit['of'], string>> = {
  call: '',
  handler: ', the time that was left to the handler that made the call',
  idle: ', the idle timeout',
};

/** The error of a call that has reached a limit: it says what did not happen in time. */
export function timeoutError(call: CallProgress, limit: ReachedLimit): AsyncCallError {
  if (call.acknowledged) return new AsyncCallError('timeout', unfinished(call, limit));
  const message = call.left ? unacknowledged(call, limit) : unsent(call, limit);
  return new AsyncCallError('timeout', message, { cause: call.trouble });
}

/** The error of a call that its client's end leaves unfinished. */
export function closedError({ kind, target, left, trouble }: CallProgress): AsyncCallError {
  const until = !left ? 'was sent' : kind === 'one-way' ? 'was acknowledged' : 'was over';
  const doubt = left && kind === 'one-way' ? '; the broker may have stored it all the same' : '';
  const message = `The client was closed before the call of ${target} ${until}${doubt}.`;
  return new AsyncCallError('closed', message, { cause: trouble });
}

/** The error of a call that a handler makes whose own caller has stopped waiting. */
export function handlerOutOfTime(target: string): AsyncCallError {
  return new AsyncCallError(
    'timeout',
    `The call of ${target} was not sent: the deadline of the call that this handler serves has passed. ` +
      'If it is to be made all the same, give it inheritDeadline: false.',
  );
}

function unfinished({ target, passed, requestId }: CallProgress, limit: ReachedLimit): string {
  const failing = limit.of === 'idle' ? 'sent no response for' : 'did not end its responses within';
  const came = passed === 1 ? 'one' : passed || 'none';
  return `${target} ${failing} ${duration(limit)}; ${came} came (request ${requestId}).`;
}

function unacknowledged({ kind, target }: CallProgress, limit: ReachedLimit): string {
  return (
    `The broker did not acknowledge the ${kind === 'one-way' ? 'one-way call' : 'request'} of ${target} ` +
    `within ${duration(limit)}; it may have stored it all the same.`
  );
}

function unsent({ target, checking, trouble }: CallProgress, limit: ReachedLimit): string {
  if (checking) {
    return `The call of ${target} was not sent: the check of its request did not end within ${duration(limit)}.`;
  }
  const why = trouble ? ` (${trouble.message})` : '';
  return `The call of ${target} was not sent: the broker could not be reached within ${duration(limit)}${why}.`;
}

function duration({ ms, of }: ReachedLimit): string {
  return `${ms} ms${WHOSE_LIMIT[of]}`;
}
