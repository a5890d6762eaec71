import type { BrokerError } from '../../broker/broker-error.js';
import type { Environment } from '../../environment/environment.js';
import type { AsyncCallError } from '../../errors/async-call-error.js';
import { Cutoff } from '../cutoff.js';
import {
  ABANDONED,
  type AttemptDelivery,
  deadlineOf,
  type Handle,
  type Outcome,
  type RequestDelivery,
} from '../delivery.js';
import { pause } from '../pause.js';
import { retryDelay, type RetryPolicy } from '../retry-policy.js';

/** What the stage needs to know. */
export interface RetriedOptions {
  readonly environment: Environment;
  readonly policyOf: (endpoint: string) => RetryPolicy;
  /** Whether a thrown error says that the broker could not be reached: no fault of the request. */
  readonly isOutage: (error: unknown) => error is BrokerError;
  readonly onOutage: (delivery: AttemptDelivery, error: BrokerError) => void;
  readonly onRetry: (
    delivery: RequestDelivery,
    attempt: number,
    delayMs: number,
    error: AsyncCallError,
  ) => void;
}

/** The pause after an attempt whose responses the broker did not take. */
const OUTAGE_DELAY_MS = 1_000;

/**
 * Tries a request again, after a pause that grows, as long as its policy, its error and its deadline allow. An
 * attempt whose responses could not be written for want of a broker does not count, but is a new one for the caller.
 * What its caller gives up meanwhile, or its partition's next owner is to do, is left as it is: abandoned.
 */
export function retried(options: RetriedOptions, next: Handle<AttemptDelivery>): Handle<RequestDelivery> {
  const { environment, policyOf, onRetry } = options;
  return async (delivery) => {
    const { record, owner, withdrawal, intermission, request } = delivery;
    for (let attempt = 1, outages = 0; !owner.closing.aborted && !withdrawal.aborted; attempt += 1) {
      const cutoff = new Cutoff(owner.gone, withdrawal);
      // Field by field: a spread costs microseconds here.
      const tried = { record, owner, withdrawal, intermission, request, attempt, cutoff };
      const outcome = await attempted(tried, options, next);
      if (outcome === 'outage') {
        outages += 1;
        await pauseUnlessUseless(environment, OUTAGE_DELAY_MS, delivery);
        continue;
      }
      if (outcome.kind !== 'failed') return outcome;
      const failed = { ...outcome, attempts: attempt - outages };
      const delayMs = outcome.isFinal
        ? undefined
        : retryDelay(failed.error, failed.attempts, policyOf(request.endpoint), environment);
      if (delayMs === undefined || environment.now() + delayMs >= deadlineOf(delivery)) return failed;
      onRetry(delivery, attempt, delayMs, failed.error);
      await pauseUnlessUseless(environment, delayMs, delivery);
    }
    return ABANDONED;
  };
}

/** Ends early when no attempt is to follow. It takes no place that another request could have. */
function pauseUnlessUseless(
  environment: Environment,
  ms: number,
  { owner, withdrawal, intermission }: RequestDelivery,
): Promise<void> {
  return intermission(() => pause(environment, ms, withdrawal, owner.closing));
}

function attempted(
  delivery: AttemptDelivery,
  { isOutage, onOutage }: RetriedOptions,
  next: Handle<AttemptDelivery>,
): Promise<Outcome | 'outage'> {
  const { cutoff } = delivery;
  return next(delivery).then(
    (outcome) => {
      cutoff.release();
      return outcome;
    },
    (error: unknown) => {
      cutoff.release();
      if (!isOutage(error)) throw error;
      onOutage(delivery, error);
      return 'outage';
    },
  );
}
