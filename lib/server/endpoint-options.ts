import { inspect } from 'node:util';
import { countFault, limitFault } from '../delivery/count-fault.js';
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
   * and it has failed with `timeout`; a promise that does not heed the signal may go on beside the next attempt. `Infinity` for
   * no limit. Default: the module's `delivery.maxHandlerMs`.
   */
  readonly maxHandlerMs?: number;
}

/** The options that there are, beside the service; the type sees to it that none is missing here. */
const KNOWN: Readonly<Record<keyof EndpointOptions | 'service', true>> = {
  service: true,
  retry: true,
  concurrency: true,
  maxHandlerMs: true,
};

/** What is wrong with the options of an endpoint, each as `where.what: why`. */
export function endpointFaults(where: string, options: EndpointOptions): string[] {
  return optionFaults(where, options, KNOWN);
}

/** The same where there are more options: a name and what is wrong with it. A misspelt one must not pass for its default. */
export function optionFaults<O extends EndpointOptions>(
  where: string,
  options: O,
  known: Readonly<Record<string, true>>,
  ownFaults: (options: O) => readonly (readonly [name: string, fault: string | undefined])[] = () => [],
): string[] {
  if (typeof options !== 'object' || options === null) return [`${where}: ${inspect(options)} is no object`];
  const { retry, concurrency, maxHandlerMs } = options;
  const unknown = Object.keys(options).filter((name) => !Object.hasOwn(known, name));
  const named = [
    ['concurrency', countFault(concurrency)],
    ['maxHandlerMs', limitFault(maxHandlerMs)],
    ...ownFaults(options),
  ] as const;
  return [
    ...unknown.map(
      (name) => `${where}: there is no option "${name}": there are ${Object.keys(known).join(', ')}`,
    ),
    ...retryFaults(`${where} retry`, retry),
    ...named.flatMap(([name, fault]) => (fault ? [`${where} ${name}: ${fault}`] : [])),
  ];
}
