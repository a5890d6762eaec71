import type { Rule } from './rule.js';
import type { Call } from './timeline.js';

/** Calls with a timeout from here on outlast every fault of the suite: they have to succeed. */
export const OUTLASTS_FAULTS_MS = 60_000;
/** What a producer can make of an outage; then, says the documentation, a call fails with `unavailable`. */
const SEND_TIMEOUT_MS = 30_000;
/** For the timer of a busy process, or one that stands still. */
const GRACE_MS = 10_000;

/**
 * Every call ends within its timeout, well or with a typed error; well if its timeout outlasts the fault, unless it
 * could not be sent for as long as that is tried. A caller that was killed hears nothing.
 */
export const everyCallHasAnOutcome: Rule = ({ calls }) => calls.flatMap((call) => faultOf(call) ?? []);

function faultOf({ sent, ended, callerKilledAt }: Call): string | undefined {
  const { call, timeoutMs, at } = sent;
  if (!ended) return callerKilledAt < Number.POSITIVE_INFINITY ? undefined : `${call} has no outcome`;
  const tookMs = ended.at - at;
  if (tookMs > timeoutMs + GRACE_MS) return `${call} ended after ${tookMs} ms, its timeout is ${timeoutMs}`;
  if (!ended.error) return undefined;
  const { typed, code, message } = ended.error;
  if (!typed) return `${call} failed with an error that is none of the library's: ${message}`;
  if (timeoutMs < OUTLASTS_FAULTS_MS || isUnsent({ sent, ended })) return undefined;
  return `${call} failed after ${Math.round(tookMs)} ms with ${code}: ${message}`;
}

/** Whether the broker was away for so long that the producer has given the call up. */
export function isUnsent({ sent, ended }: Pick<Call, 'sent' | 'ended'>): boolean {
  return ended?.error?.code === 'unavailable' && ended.at - sent.at >= SEND_TIMEOUT_MS;
}
