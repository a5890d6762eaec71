import { describe, expect, it, jest } from '@jest/globals';
import { runProgram } from './run-program.js';

jest.setTimeout(120_000);

const APP = 'test/e2e/apps/failing.app.ts';

describe('G10: a process whose consumer has failed for good, with the policy to exit', () => {
  it('ends in order, with the reason, and not as if all were well', async () => {
    const { code, signal, output } = await runProgram(APP, { hooks: true });
    expect(output).toMatch(
      /a fault of the driver[^]*The process is ended, as the option delivery.onFailure says/,
    );
    expect(output).toContain('closed in order');
    expect(signal ?? code).toBe('SIGTERM');
  });

  it('does not end with 0 where Nest is told to end processes so', async () => {
    const { code, output } = await runProgram(APP, { hooks: true, useProcessExit: true });
    expect(output).toContain('closed in order');
    expect(code).toBe(1);
  });

  it('ends because it does not live, where the policy is to report and nobody probes', async () => {
    const settings = { hooks: true, onFailure: 'report', exitAfterMs: 200 };
    const { code, signal, output } = await runProgram(APP, settings);
    expect(output).toMatch(
      /failing, group failing: its consumer has failed for good: a fault of the driver \(since [^]*livez.exitAfterMs/,
    );
    expect(output).toContain('closed in order');
    expect(signal ?? code).toBe('SIGTERM');
  });

  it('ends also where there are no shutdown hooks', async () => {
    expect(await runProgram(APP, { hooks: false })).toMatchObject({ signal: 'SIGTERM' });
  });
});
