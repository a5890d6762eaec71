import { type ArgumentsHost, Catch, HttpException } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { throwError } from 'rxjs';
import { AsyncCallError } from '../errors/async-call-error.js';

/**
 * Answers HTTP clients of a failed call with `{ statusCode, code, message, details }`, where the error is for clients (a
 * status below 500). Without this filter they get its status and message alone: what a service tells its callers in
 * `details`, e.g. the faults of a validation, may not be for everybody.
 *
 * `{ provide: APP_FILTER, useClass: AsyncCallErrorFilter }` binds it to an application, `@UseFilters` to a controller.
 */
@Catch(AsyncCallError)
export class AsyncCallErrorFilter extends BaseExceptionFilter<AsyncCallError> {
  override catch(error: AsyncCallError, host: ArgumentsHost): unknown {
    if (host.getType() === 'rpc') return throwError(() => error);
    // Whatever else there is knows better than this filter how an error leaves it.
    if (host.getType() !== 'http') throw error;
    const { statusCode, code, message, details, expose } = error;
    const body = { statusCode, code, message, details };
    const answered = expose ? new HttpException(body, statusCode, { cause: error }) : error;
    return super.catch(answered as AsyncCallError, host);
  }
}
