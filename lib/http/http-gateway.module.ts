import { Controller, type DynamicModule, Inject, type InjectionToken, Req, type Type } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { AsyncCallsClient } from '../client/async-calls-client.js';
import { AsyncCallError } from '../errors/async-call-error.js';
import { one, sse } from './call-results.js';
import { EventStream } from './event-stream.decorator.js';
import {
  type HttpRoute,
  nameOf,
  routeDecorator,
  routedCall,
  routeFaults,
  type RoutedRequest,
} from './http-route.js';

/** What may be said beside the routes. */
export interface HttpGatewayOptions {
  /** The prefix of all paths, as in Nest's `@Controller(prefix)`. Default: none. */
  readonly prefix?: string;
  /** What the client is injected by. Default {@link AsyncCallsClient}. */
  readonly client?: InjectionToken;
}

/**
 * Routes of HTTP that endpoints of services answer, without a controller of one's own:
 * `HttpGatewayModule.forRoutes([{ method: 'GET', path: 'money', to: 'a-money-broker/show-me-the-money', stream: true }])`.
 *
 * The application imports `AsyncCallsModule` for the client. Global guards, pipes, interceptors and filters apply.
 */
export class HttpGatewayModule {
  /** Throws `invalid-argument` for routes that cannot be served, with all their faults. */
  static forRoutes(
    routes: readonly HttpRoute[],
    { prefix = '', client = AsyncCallsClient }: HttpGatewayOptions = {},
  ): DynamicModule {
    const faults = [...routes.flatMap(routeFaults), ...duplicates(routes)];
    if (faults.length > 0) throw new AsyncCallError('invalid-argument', `${faults.join('; ')}.`);
    return { module: HttpGatewayModule, controllers: [controllerFor(routes, prefix, client)] };
  }
}

function duplicates(routes: readonly HttpRoute[]): string[] {
  const names = routes.filter((route) => typeof route === 'object' && route !== null).map(nameOf);
  return names
    .filter((name, index) => names.indexOf(name) !== index)
    .map((name) => `${name}: there are two routes of that name`);
}

function controllerFor(routes: readonly HttpRoute[], prefix: string, token: InjectionToken): Type {
  @Controller(prefix)
  class HttpGatewayController {
    constructor(@Inject(token) readonly client: AsyncCallsClient) {}
  }
  for (const route of routes) addMethod(HttpGatewayController, route);
  return HttpGatewayController;
}

function addMethod(controller: Type<{ readonly client: AsyncCallsClient }>, route: HttpRoute): void {
  const name = nameOf(route);
  const { [name]: method } = {
    [name](this: { readonly client: AsyncCallsClient }, request: RoutedRequest): Observable<unknown> {
      const { data, ...options } = routedCall(route, request);
      const endpoint = this.client.to(route.to, options);
      return route.stream ? sse(endpoint.responses(data)) : one(endpoint.send(data));
    },
  };
  const descriptor = { value: method, writable: true, configurable: true };
  Req()(controller.prototype as object, name, 0);
  for (const decorate of [...decoratorsOf(route)].reverse()) {
    decorate(controller.prototype as object, name, descriptor);
  }
  Object.defineProperty(controller.prototype, name, descriptor);
}

/** From the uppermost. */
function decoratorsOf(route: HttpRoute): MethodDecorator[] {
  const { stream = false, decorators = [] } = route;
  const streamed = stream === false ? [] : [EventStream(stream === true ? {} : stream)];
  return [...decorators, routeDecorator(route), ...streamed];
}
