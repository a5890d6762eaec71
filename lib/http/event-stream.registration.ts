import {
  type BeforeApplicationShutdown,
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost } from '@nestjs/core';
import type { Observable } from 'rxjs';
import { EventStreamInterceptor } from './event-stream.interceptor.js';

/**
 * What {@link EventStream} binds to its methods. It does nothing for them but to put the {@link EventStreamInterceptor}
 * before the global interceptors, which the application adds later, and to close it with the application.
 */
@Injectable()
export class EventStreamRegistration implements NestInterceptor, BeforeApplicationShutdown {
  private readonly interceptor: EventStreamInterceptor;

  constructor(config: ApplicationConfig, http: HttpAdapterHost) {
    const known = config.getGlobalInterceptors().find((each) => each instanceof EventStreamInterceptor);
    this.interceptor = known ?? new EventStreamInterceptor(http);
    if (!known) config.addGlobalInterceptor(this.interceptor);
  }

  /** Nest calls this before it closes the HTTP server. */
  beforeApplicationShutdown(): void {
    this.interceptor.close();
  }

  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle();
  }
}
