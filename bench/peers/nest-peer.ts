import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { type ClientProxy, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { from, lastValueFrom } from 'rxjs';
import type { PeerClient } from './peer.js';
import type { BenchRequest } from './request.js';
import type { Service } from './service.js';

/** The decorators of a transport. */
export interface Decorators {
  readonly call: MethodDecorator;
  readonly event: MethodDecorator;
  readonly payload: ParameterDecorator;
  /** What a handler returns, in a form that the transport takes. */
  readonly adapt?: (answer: unknown) => unknown;
}

/** The controller of the benchmark behind any of Nest's transports. */
export function controllerOf(
  service: Service,
  { call, event, payload, adapt = (answer) => answer }: Decorators,
) {
  @Controller()
  class BenchController {
    @call
    call(@payload request: BenchRequest): unknown {
      return adapt(service.call(request));
    }

    @event
    event(@payload request: BenchRequest): void {
      service.event(request);
    }
  }
  return BenchController;
}

export function moduleOf(service: Service, decorators: Decorators) {
  @Module({ controllers: [controllerOf(service, decorators)] })
  class BenchModule {}
  return BenchModule;
}

/** What the two endpoints are called. */
export interface Patterns {
  readonly call: string;
  readonly event: string;
}

/** The module behind Nest's own microservice transports. */
export const microserviceModuleOf = (service: Service, { call, event }: Patterns) =>
  moduleOf(service, {
    call: MessagePattern(call),
    event: EventPattern(event) as MethodDecorator,
    payload: Payload(),
    adapt: asObservable,
  });

/** Nest's own transports take no async iterables. */
function asObservable(answer: unknown): unknown {
  const isIterable = typeof answer === 'object' && answer !== null && Symbol.asyncIterator in answer;
  return isIterable ? from(answer as AsyncIterable<unknown>) : answer;
}

/** The client of the benchmark over a client of Nest's. */
export function clientOf(
  proxy: Pick<ClientProxy, 'send' | 'emit'>,
  patterns: Patterns,
): Required<Pick<PeerClient, 'call' | 'stream' | 'emit'>> {
  return {
    call: (request) => lastValueFrom(proxy.send(patterns.call, request)),
    stream: (request, onItem) => proxy.send(patterns.call, request).forEach(onItem),
    emit: ([request]) => lastValueFrom(proxy.emit(patterns.event, request), { defaultValue: undefined }),
  };
}
