import { inspect } from 'node:util';
import { Delete, Get, Patch, Post, Put } from '@nestjs/common';
import type { CallOptions } from '../client/call-options.js';
import { type EndpointTarget, parseTarget } from '../protocol/endpoint-address.js';
import { messageOf } from '../errors/async-call-error.js';
import { eventStreamFaults, type EventStreamOptions } from './event-stream-options.js';

const DECORATOR_OF = { GET: Get, POST: Post, PUT: Put, PATCH: Patch, DELETE: Delete } as const;
const WITH_BODY: readonly string[] = ['POST', 'PUT', 'PATCH'];

/** What a route may know of a request, whichever HTTP adapter has taken it. */
export interface RoutedRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
}

/** What is sent to the endpoint, and how. */
export interface RoutedCall extends CallOptions {
  readonly data: unknown;
}

/** A route of HTTP that an endpoint of a service answers. */
export interface HttpRoute {
  readonly method: keyof typeof DECORATOR_OF;
  /** As in Nest's `@Get(path)`. */
  readonly path: string;
  /** The endpoint, `service/endpoint`. */
  readonly to: EndpointTarget;
  /**
   * Whether it has any number of responses, which are sent as {@link EventStream} does. Default `false`: it has one, which is
   * the body of the response; more than one is an error, see {@link one}.
   */
  readonly stream?: boolean | EventStreamOptions;
  /**
   * What is sent for a request, with options of the call such as `key` and `headers`. Default: the body of POST, PUT and
   * PATCH; of other methods an object of the query and the route parameters, a parameter before a query of its name.
   */
  readonly call?: (request: RoutedRequest) => RoutedCall;
  /** What else stands at the route, e.g. `[UseGuards(LoggedIn)]`. */
  readonly decorators?: readonly MethodDecorator[];
}

const KNOWN: Readonly<Record<keyof HttpRoute, true>> = {
  method: true,
  path: true,
  to: true,
  stream: true,
  call: true,
  decorators: true,
};

/** Nest's decorator for the route. */
export function routeDecorator({ method, path }: HttpRoute): MethodDecorator {
  return DECORATOR_OF[method](path);
}

/** What is sent for a request. */
export function routedCall({ method, call }: HttpRoute, request: RoutedRequest): RoutedCall {
  if (call) return call(request);
  const { params, query, body } = request;
  return { data: WITH_BODY.includes(method) ? body : { ...query, ...params } };
}

/** How a route is called in messages: `GET /money`. */
export function nameOf({ method, path }: HttpRoute): string {
  return `${method} ${path}`;
}

/** What is wrong with a route, each as `where: why`. */
export function routeFaults(route: HttpRoute): string[] {
  if (typeof route !== 'object' || route === null) return [`${inspect(route)} is no route`];
  return [...ownFaults(route), ...targetFaults(route), ...streamFaults(route)].map(
    (fault) => `${nameOf(route)}: ${fault}`,
  );
}

function ownFaults({ method, path, call, ...route }: HttpRoute): string[] {
  const faults = Object.keys(route)
    .filter((name) => !Object.hasOwn(KNOWN, name))
    .map((name) => `a route has no "${name}": it has ${Object.keys(KNOWN).join(', ')}`);
  if (typeof path !== 'string') return [...faults, `${inspect(path)} is no path`];
  if (!Object.hasOwn(DECORATOR_OF, method)) {
    return [
      ...faults,
      `there is no method ${inspect(method)}: there are ${Object.keys(DECORATOR_OF).join(', ')}`,
    ];
  }
  if (!call && WITH_BODY.includes(method) && /[:*{]/.test(path)) {
    return [...faults, 'its body does not hold the parameters of its path: say in `call` what is sent'];
  }
  return faults;
}

function targetFaults({ to }: HttpRoute): string[] {
  try {
    parseTarget(to);
    return [];
  } catch (error) {
    return [`to: ${messageOf(error)}`];
  }
}

function streamFaults({ stream }: HttpRoute): string[] {
  if (stream === undefined || typeof stream === 'boolean') return [];
  return eventStreamFaults(stream).map((fault) => `stream: ${fault}`);
}
