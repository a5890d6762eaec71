import { AsyncCallError } from '../errors/async-call-error.js';
import { normalizeEndpoint } from '../protocol/endpoint-address.js';
import { declareHandler, type HandlerExtras } from './declare-handler.js';
import { endpointFaults, type EndpointOptions } from './endpoint-options.js';

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
export function AsyncEndpoint(endpoint: string, options: AsyncEndpointOptions = {}): MethodDecorator {
  const name = normalizeEndpoint(endpoint);
  const faults = endpointFaults(`@AsyncEndpoint('${name}')`, options);
  if (faults.length > 0) throw new AsyncCallError('invalid-argument', `${faults.join('; ')}.`);
  return declareHandler<EndpointExtras>(name, { ...options, kind: 'endpoint' }, `@AsyncEndpoint('${name}')`);
}
