// Preloaded into jest by test.mjs: a `kill -9` of the test run ends jest and all it has started, too.
// The run holds the other end of jest's stdin; jest's workers, which preload this as well, are left to jest.
if (process.argv[1]?.endsWith('jest.js')) {
  process.stdin.on('end', () => process.kill(-process.pid, 'SIGKILL'));
  process.stdin.resume();
  /** @type {import('node:net').Socket} */ (/** @type {unknown} */ (process.stdin)).unref();
}
