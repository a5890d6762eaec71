import type { ErrorCode } from '../../errors/error-code.js';
import { matcher } from './matcher.js';
import { judgeServed } from './to-have-been-served.js';
import { type ExpectedFailure, judgeFailed } from './to-have-failed.js';
import { judgeResponded } from './to-have-responded.js';
import { type ExpectedMessage, type Times, judgeSent } from './to-have-sent.js';

export type { ExpectedFailure } from './to-have-failed.js';
export type { ExpectedMessage, Times } from './to-have-sent.js';
export type { AsymmetricMatcher } from '../text-of.js';

/**
 * What `expect` can say with {@link asyncCallsMatchers}; `R` is what its matchers return. Values are compared as by `toEqual`.
 * A subject of another kind throws `invalid-argument`, with `.not` as well.
 */
export interface AsyncCallsMatchers<R = void> {
  /**
   * `expect(tester).toHaveSent({ to: 'oracle', endpoint: '/answer' })`: at least one message that is like that was sent by now, by
   * the test itself too, or exactly as many as `times`. Without arguments, any message.
   */
  toHaveSent(expected?: ExpectedMessage, options?: Times): R;
  /**
   * `expect(await tester.call('/money', 100)).toHaveResponded(50, 20, 20, 10)`: these are the values of the responses, all of them
   * and in order, and the call has not failed.
   */
  toHaveResponded(...expected: readonly unknown[]): R;
  /**
   * `expect(await tester.call('/refuse')).toHaveFailed('conflict')`: it has failed, after whatever responses, with this code, or
   * with an error like that; without an argument, with any. Of an `emit` or `publish`: in one group at least.
   */
  toHaveFailed(expected?: ErrorCode | ExpectedFailure): R;
  /**
   * `expect(await tester.emit('/book', 1)).toHaveBeenServed()`: its handler has run without failing; of an event, in every group
   * that reads it, and there is one.
   */
  toHaveBeenServed(): R;
}

/**
 * The matchers, for any test runner with jest's `expect.extend`: `expect.extend(asyncCallsMatchers)`. For jest and vitest, import
 * `nestjs-async-calls/testing/jest` or `nestjs-async-calls/testing/vitest` instead: they do so, and bring the types.
 */
export const asyncCallsMatchers = {
  toHaveSent: matcher('toHaveSent', 'tester', judgeSent),
  toHaveResponded: matcher('toHaveResponded', 'responses', judgeResponded),
  toHaveFailed: matcher('toHaveFailed', 'outcome', judgeFailed),
  toHaveBeenServed: matcher('toHaveBeenServed', 'handled', judgeServed),
};
