import type { MessageHandler } from '@nestjs/microservices';
import { AsyncCallError } from '../errors/async-call-error.js';

/** A handler and what its decorator says of it. */
export interface Registered<E> {
  readonly handler: MessageHandler;
  readonly extras: E;
}

/** What two handlers of one thing are refused with. */
export function declaredTwice(
  what: string,
  [first, second]: readonly [string, string],
  otherwise: string,
): AsyncCallError {
  return new AsyncCallError(
    'invalid-argument',
    first === second
      ? `${what} is declared twice, both times by ${first}. Call connectAsyncCalls once, and list the controller in one module.`
      : `${what} is declared twice: by ${first} and by ${second}. ${otherwise}`,
  );
}
