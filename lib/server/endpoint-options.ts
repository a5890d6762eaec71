import { inspect } from 'node:util';
import { retryFaults, type RetryPolicy } from '../delivery/retry-policy.js';

/** How the requests for one endpoint are run. */
export interface EndpointOptions {
  /**
   * How often, and at what intervals, a failed request is tried again; what is not said is as the module's
   * `delivery.retry` has it. `{ attempts: 1 }` for an endpoint that must not run twice.
   */
  readonly retry?: Partial<RetryPolicy>;
  /**
   * How many requests for this endpoint one instance runs at once, within the module's `delivery.concurrency`. Those
   * that wait take no place that another endpoint could have. Default: no limit of its own.
   */
  readonly concurrency?: number;
  /**
   * How long an attempt may take until its last response, in milliseconds. Then its `signal` aborts, its stream ends,
   * and it has failed with `timeout`. Default: the module's `delivery.maxHandlerMs`.
   */
  readonly maxHandlerMs?: number;
}

/** What is wrong with the options of an endpoint, each as `where.what: why`. */
export function endpointFaults(
  where: string,
  { retry, concurrency, maxHandlerMs }: EndpointOptions,
): string[] {
  return [
    ...retryFaults(`${where} retry`, retry),
    ...countFaults(`${where} concurrency`, concurrency),
    ...countFaults(`${where} maxHandlerMs`, maxHandlerMs),
  ];
}

function countFaults(where: string, value: unknown): string[] {
  if (value === undefined || (Number.isInteger(value) && (value as number) > 0)) return [];
  return [`${where}: ${inspect(value)} is not a whole number from 1 on`];
}
