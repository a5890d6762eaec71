import type { MessageHandler } from '@nestjs/microservices';
import {
  catchError,
  concat,
  defer,
  EMPTY,
  from,
  ignoreElements,
  isObservable,
  merge,
  mergeMap,
  type Observable,
} from 'rxjs';
import { TerminalError } from '../errors/handler-errors.js';
import type { PatternContext } from './pattern.context.js';

/**
 * Runs all handlers of an event side by side, each to its end also when another one fails; then it fails with the first
 * failure. What they return goes nowhere. A request is refused: nobody would answer it.
 *
 * Nest's own chain of them ends at the first failure, while the others may still run, and another attempt would begin.
 */
export function eventHandler(handlers: readonly MessageHandler[]): MessageHandler {
  return async (data: unknown, context: PatternContext) => {
    if (!context.oneWay) throw requestToEvent(context.endpoint);
    return all(handlers.map((handler) => resultsOf(handler, data, context)));
  };
}

function all(runs: readonly Observable<unknown>[]): Observable<never> {
  const failures: unknown[] = [];
  const ran = runs.map((run) =>
    run.pipe(
      ignoreElements(),
      catchError((error: unknown) => {
        failures.push(error);
        return EMPTY;
      }),
    ),
  );
  const conclusion = defer(() => {
    if (failures.length > 0) throw failures[0];
    return EMPTY;
  });
  return concat(merge(...ran), conclusion);
}

function resultsOf(handler: MessageHandler, data: unknown, context: PatternContext): Observable<unknown> {
  return defer(() => handler(data, context)).pipe(
    mergeMap((result: unknown) => (isObservable(result) ? from(result) : EMPTY)),
  );
}

function requestToEvent(endpoint: string): TerminalError {
  return new TerminalError(`${endpoint} takes events, and answers nobody: call it with emit().`, {
    code: 'bad-request',
  });
}
