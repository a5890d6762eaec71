import { AsyncCallError } from '../errors/async-call-error.js';
import { normalizeEndpoint } from '../protocol/endpoint-address.js';
import {
  type AnyEndpointContract,
  type EndpointContract,
  isEndpointContract,
} from '../protocol/endpoint-contract.js';
import { declareHandler, type HandlerExtras, methodNameOf } from './declare-handler.js';
import type { EndpointMethodDecorator } from './endpoint-method.js';
import { endpointFaults, type EndpointOptions } from './endpoint-options.js';
import { requestParameterFault } from './request-parameter.js';

/** How an endpoint is registered. */
export interface AsyncEndpointOptions extends EndpointOptions {
  /**
   * The service whose endpoint this is. Needed only where several services live in one Nest application;
   * by default the endpoint belongs to the application's one service.
   */
  readonly service?: string;
}

/** What the decorator leaves for the server, in Nest's `extras` of the handler. */
export interface EndpointExtras extends AsyncEndpointOptions, HandlerExtras {
  readonly kind: 'endpoint';
  /** What the endpoint is declared by; absent if that is its name alone. */
  readonly contract?: AnyEndpointContract;
}

/**
 * Makes a controller method an endpoint of the service, reached as `service/endpoint`.
 *
 * The method may return a value, a promise, an Observable, an async iterable or a generator. Each value of the latter
 * three is one partial response, sent when it is emitted; their end ends the stream. An iterable
 * is not asked for its next value while too many responses wait for the broker (back-pressure);
 * when the call is over it is returned (its `finally` blocks run).
 *
 * Guards, pipes, interceptors and filters work as on any Nest handler: interceptors see each value.
 * What is thrown reaches the caller as an {@link AsyncCallError}; an HttpException keeps its status.
 *
 * Throws `invalid-argument` for an empty name and for options that cannot be followed.
 */
export function AsyncEndpoint(endpoint: string, options?: AsyncEndpointOptions): MethodDecorator;
/**
 * Makes a controller method the endpoint of a contract, which the compiler sees to: the method's first parameter takes
 * the request, its result is the response, or a promise, Observable, async iterable or generator of it.
 *
 * A request that the contract's schema refuses is answered with `bad-request`, and no guard, pipe or handler sees it; they
 * get what the schema makes of a request. A response that its schema refuses is not sent: the call fails with
 * `internal`, and is not tried again. An application that is not the contract's service does not start.
 */
export function AsyncEndpoint<HandledReq, HandledRes>(
  contract: EndpointContract<never, unknown, HandledReq, HandledRes>,
  options?: EndpointOptions,
): EndpointMethodDecorator<HandledReq, HandledRes>;
export function AsyncEndpoint(
  endpoint: string | AnyEndpointContract,
  options: AsyncEndpointOptions = {},
): MethodDecorator {
  const contract = isEndpointContract(endpoint) ? endpoint : undefined;
  const name = normalizeEndpoint(contract ? contract.address.endpoint : endpoint);
  const where = `@AsyncEndpoint('${name}')`;
  const faults = [...endpointFaults(where, options), ...serviceFaults(where, options, contract)];
  if (faults.length > 0) throw new AsyncCallError('invalid-argument', `${faults.join('; ')}.`);
  const service = contract?.address.service ?? options.service;
  const declare = declareHandler<EndpointExtras>(
    name,
    { ...options, kind: 'endpoint', service, contract },
    where,
  );
  return (target, key, descriptor: PropertyDescriptor) => {
    const method = descriptor.value as (...args: unknown[]) => unknown;
    const fault = contract && requestParameterFault(target.constructor, key, method);
    if (fault)
      throw new AsyncCallError('invalid-argument', `${where} of ${methodNameOf(target, key)}: ${fault}.`);
    return declare(target, key, descriptor);
  };
}

function serviceFaults(
  where: string,
  options: AsyncEndpointOptions,
  contract: AnyEndpointContract | undefined,
): string[] {
  if (!contract || options?.service === undefined) return [];
  return [`${where} service: the contract names the service, "${contract.address.service}": leave it out`];
}
