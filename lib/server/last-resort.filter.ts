import { createRequire } from 'node:module';
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { BaseExceptionFilter, HttpAdapterHost } from '@nestjs/core';
import { BaseRpcExceptionFilter } from '@nestjs/microservices';
import { throwError } from 'rxjs';
import { AsyncCallError } from '../errors/async-call-error.js';
import { HandlerContext } from './handler-context.js';

/**
 * Stands behind all filters of the application. Without it, Nest replaces an exception that no filter
 * matches by "Internal server error" before the server sees it, and so a 404 would reach the caller as
 * a 500. Exceptions of all other transports go where they would go if it did not exist.
 */
@Catch()
export class LastResortFilter implements ExceptionFilter {
  constructor(private readonly http: HttpAdapterHost | undefined) {}

  catch(exception: unknown, host: ArgumentsHost): unknown {
    switch (host.getType<string>()) {
      case 'rpc':
        return host.switchToRpc().getContext<unknown>() instanceof HandlerContext
          ? throwError(() => exception)
          : new BaseRpcExceptionFilter().catch(exception, host);
      case 'http':
        return new BaseExceptionFilter(this.http?.httpAdapter).catch(asHttpException(exception), host);
      case 'ws':
        return websocketFilter().catch(exception, host);
      default:
        // Nest's own way for contexts it does not know (GraphQL): the library that called deals with it.
        throw exception;
    }
  }
}

/**
 * An error of a call keeps its status, and its message if that is for clients. As an HttpException it is answered
 * without being logged as a failure of this service.
 */
function asHttpException(exception: unknown): unknown {
  if (!(exception instanceof AsyncCallError) || !exception.expose) return exception;
  const { statusCode, message } = exception;
  return new HttpException({ statusCode, message }, statusCode, { cause: exception });
}

/** `@nestjs/websockets` is there if a gateway has thrown; this library does not need it otherwise. */
function websocketFilter(): ExceptionFilter {
  const { BaseWsExceptionFilter } = createRequire(import.meta.url)('@nestjs/websockets') as {
    BaseWsExceptionFilter: new () => ExceptionFilter;
  };
  return new BaseWsExceptionFilter();
}
