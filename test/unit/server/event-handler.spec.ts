import 'reflect-metadata';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { MessageHandler } from '@nestjs/microservices';
import { of, throwError } from 'rxjs';
import { eventHandler } from '../../../lib/server/event-handler.js';
import type { PatternContext } from '../../../lib/server/pattern.context.js';
import { deferred } from '../support/deferred.js';

const CONTEXT = { oneWay: true, endpoint: '/paid' } as PatternContext;

/** Runs the handlers; tells how they end. */
async function run(...handlers: (() => unknown)[]) {
  const ends: unknown[] = [];
  const all = eventHandler(handlers.map((handler) => (async () => handler()) as MessageHandler));
  const results = await all('data', CONTEXT);
  results.subscribe({
    next: (value: unknown) => ends.push(['value', value]),
    error: (error: unknown) => ends.push(error),
    complete: () => ends.push('end'),
  });
  return ends;
}

describe('the handlers of one event', () => {
  it('have failed when the last of them has ended, with the first failure', async () => {
    const failures = [new Error('first'), new Error('second')];
    const longest = deferred();
    const ends = await run(
      () => throwError(() => failures[0]),
      () => longest.promise,
      () => {
        throw failures[1];
      },
    );
    await nextTurn();
    expect(ends).toEqual([]);
    longest.resolve();
    await nextTurn();
    expect(ends).toEqual([failures[0]]);
  });

  it('return nothing', async () => {
    const ends = await run(
      () => of(1, 2),
      () => 'a value',
    );
    await nextTurn();
    expect(ends).toEqual(['end']);
  });
});
