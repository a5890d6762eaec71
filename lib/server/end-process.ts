import { MAX_TIMER_MS } from '../delivery/pause.js';

/**
 * Ends the process as an orchestrator does, so that Nest's shutdown hooks run if they are enabled; if that takes
 * longer than the grace time, at once. The exit is not a clean one: somebody is to start the process anew.
 */
export function endProcess(graceMs: number): void {
  // At the very end: with `useProcessExit` Nest says 0 after its hooks.
  process.once('exit', () => {
    process.exitCode = 1;
  });
  setTimeout(() => process.exit(), Math.min(graceMs, MAX_TIMER_MS)).unref();
  process.kill(process.pid, 'SIGTERM');
}
