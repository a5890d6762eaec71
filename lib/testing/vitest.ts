// `import 'nestjs-async-calls/testing/vitest'`, in a spec or in a file of `setupFiles`: vitest's `expect` has the matchers.
import { expect } from 'vitest';
import { type AsyncCallsMatchers, asyncCallsMatchers } from './matchers/index.js';

expect.extend(asyncCallsMatchers);

declare module 'vitest' {
  interface Matchers<T> extends AsyncCallsMatchers {}
}
