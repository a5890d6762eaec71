import { AsyncCallError } from '../errors/async-call-error.js';
import { type EndpointAddress, parseTarget } from '../protocol/endpoint-address.js';
import { nameOfCall } from '../protocol/handled-response.js';
import type { AsyncEndpointOptions } from './async-endpoint.decorator.js';
import { declareHandler, type HandlerExtras } from './declare-handler.js';
import { endpointFaults, type EndpointOptions } from './endpoint-options.js';

/** How a handler of responses is registered: as an endpoint, whose options mean the same here. */
export interface AsyncResponseOptions extends EndpointOptions {
  /**
   * The service whose calls are answered. Needed only where several services live in one Nest application; by default
   * it is the application's one service.
   */
  readonly service?: AsyncEndpointOptions['service'];
}

/** An endpoint, named by itself or by what both of its sides have agreed on. */
export type AddressOrContract = EndpointAddress | { readonly address: EndpointAddress };

/** What the decorator leaves for the server, in Nest's `extras` of the handler. */
export interface ResponseExtras extends AsyncResponseOptions, HandlerExtras {
  readonly kind: 'response';
  /** `service/endpoint` of the calls. */
  readonly of: string;
}

/**
 * Makes a controller method the handler of responses: of those to calls of this endpoint that this service has made with
 * `responses: 'handlers'`. It is called for each response and for the end of the stream, on any instance of the service,
 * also after all of them were down. Its data is a {@link ReceivedResponse}, its context an {@link AsyncResponseContext}.
 *
 * The responses of one request come one after the other, in order. The next one comes when the method's promise, Observable
 * or async iterable has ended; what it emits goes nowhere. What it throws is retried and in the end kept as a dead letter,
 * as a one-way call's. Guards, pipes, interceptors and filters work as on any Nest handler.
 *
 * Throws `invalid-argument` for a bad name, for options that cannot be followed, and for a method that is a message handler
 * already.
 */
export function AsyncResponse(
  service: string,
  endpoint: string,
  options?: AsyncResponseOptions,
): MethodDecorator;
/** The same for the endpoint at an address, or of a contract. */
export function AsyncResponse(of: AddressOrContract, options?: AsyncResponseOptions): MethodDecorator;
export function AsyncResponse(...args: readonly unknown[]): MethodDecorator {
  const { of, options } = argumentsOf(args);
  const decorator = `@AsyncResponse('${of.service}', '${of.endpoint}')`;
  const faults = endpointFaults(decorator, options);
  if (faults.length > 0) throw new AsyncCallError('invalid-argument', `${faults.join('; ')}.`);
  const name = nameOfCall(of);
  // No endpoint has such a pattern: theirs begin with a slash.
  const pattern = `responses of ${name}`;
  return declareHandler<ResponseExtras>(pattern, { ...options, kind: 'response', of: name }, decorator);
}

function argumentsOf([first, second, third]: readonly unknown[]) {
  const isNamed = typeof first !== 'object' || first === null;
  const target: unknown = isNamed
    ? { service: first, endpoint: second }
    : 'address' in first
      ? first.address
      : first;
  return { of: parseTarget(target), options: ((isNamed ? third : second) ?? {}) as AsyncResponseOptions };
}
