import { MessagePattern } from '@nestjs/microservices';
import { AsyncCallError } from '../errors/async-call-error.js';
import { normalizeEndpoint } from '../protocol/endpoint-address.js';
import { endpointFaults, type EndpointOptions } from './endpoint-options.js';
import { observeIterables } from './iterable-source.js';
import { assertOneDecorator } from './one-decorator.js';
import { ASYNC_CALLS_TRANSPORT } from './transport.js';

/** How an endpoint is registered. */
export interface AsyncEndpointOptions extends EndpointOptions {
  /**
   * The service whose endpoint this is. Needed only where several services live in one Nest application;
   * by default the endpoint belongs to the application's one service.
   */
  readonly service?: string;
}

/** What the decorator leaves for the server, in Nest's `extras` of the handler. */
export interface EndpointExtras extends AsyncEndpointOptions {
  readonly kind: 'endpoint';
  /** `Controller.method`, for messages. */
  readonly declaredBy: string;
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
 * Throws `invalid-argument` for an empty name, for options that cannot be followed, and for a method that is a message
 * handler already.
 */
export function AsyncEndpoint(endpoint: string, options: AsyncEndpointOptions = {}): MethodDecorator {
  const name = normalizeEndpoint(endpoint);
  const faults = endpointFaults(`@AsyncEndpoint('${name}')`, options);
  if (faults.length > 0) throw new AsyncCallError('invalid-argument', `${faults.join('; ')}.`);
  return (target, key, descriptor: PropertyDescriptor) => {
    const declaredBy = `${target.constructor.name}.${String(key)}`;
    assertOneDecorator(`@AsyncEndpoint('${name}')`, descriptor.value as object, declaredBy);
    descriptor.value = observeIterables(descriptor.value as (...args: unknown[]) => unknown);
    const extras: EndpointExtras = { ...options, kind: 'endpoint', declaredBy };
    return MessagePattern(name, ASYNC_CALLS_TRANSPORT, { ...extras })(target, key, descriptor);
  };
}
