// `import 'nestjs-async-calls/testing/jest'`, in a spec or in a file of `setupFilesAfterEnv`: jest's `expect` has the matchers.
import { expect } from '@jest/globals';
import { type AsyncCallsMatchers, asyncCallsMatchers } from './matchers/index.js';

expect.extend(asyncCallsMatchers);

/** `expect` of `@jest/globals`. */
declare module 'expect' {
  interface Matchers<R, T> extends AsyncCallsMatchers<R> {}
}

/** The global `expect` of `@types/jest`, if that is there. */
declare global {
  namespace jest {
    interface Matchers<R, T> extends AsyncCallsMatchers<R> {}
  }
}
