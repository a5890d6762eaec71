import { describe, expect, it } from '@jest/globals';
import { resolvePaths } from '../../../lib/health/probe-paths.js';
import { resolveHealthOptions } from '../../../lib/health/resolve-health-options.js';

describe('the options of the health module', () => {
  it('have defaults', () => {
    expect(resolveHealthOptions({})).toEqual({
      livez: {
        maxEventLoopLagMs: 10_000,
        maxPollMs: 60_000,
        maxUnsettledMs: Infinity,
        maxRejoinMs: 600_000,
        maxOutageMs: Infinity,
        exitAfterMs: Infinity,
        checks: [],
      },
      readyz: {
        rebalanceGraceMs: 60_000,
        outageGraceMs: 0,
        maxSilenceMs: 15_000,
        maxLag: Infinity,
        maxUnsettledMs: Infinity,
        checks: [],
        canary: undefined,
      },
      startupz: { checks: [] },
      server: undefined,
      drainDelayMs: 0,
    });
    expect(
      resolveHealthOptions({ readyz: { maxLag: undefined, canary: { target: 'a/b' } } }).readyz,
    ).toMatchObject({
      maxLag: Infinity,
      canary: { target: 'a/b', data: undefined, timeoutMs: 500, intervalMs: 10_000 },
    });
  });

  it.each([
    [{ readiness: {} }, 'the options: there is no option "readiness"'],
    [{ livez: { maxLag: 1 } }, 'livez: there is no option "maxLag"'],
    [{ livez: { maxPollMs: '1s' } }, "livez.maxPollMs: '1s' is not a time"],
    [{ readyz: { maxLag: -1 } }, 'readyz.maxLag: -1 is not a number of records'],
    [{ readyz: { canary: {} } }, 'readyz.canary.target: it says not whom to call'],
    [{ readyz: { canary: { target: 'a/b', timeoutMs: 0 } } }, 'readyz.canary.timeoutMs: 0'],
    [{ readyz: { checks: ['database'] } }, "readyz.checks: [ 'database' ] is no list of functions"],
    [{ server: { host: 'localhost' } }, 'server.port: undefined is not a port'],
    [{ server: { port: 1, host: '' } }, "server.host: '' is not an address"],
    [{ drainDelayMs: Infinity }, 'drainDelayMs: Infinity is not a time'],
  ])('refuse %j', (options, message) => {
    expect(() => resolveHealthOptions(options as object)).toThrow(message);
  });

  it('tell all faults at once', () => {
    const options = { livez: { maxPollMs: -1 }, readyz: { maxSilenceMs: Number.NaN } };
    expect(() => resolveHealthOptions(options)).toThrow(/livez.maxPollMs[^]*readyz.maxSilenceMs/);
  });
});

describe('the paths of the probes', () => {
  it('have defaults, and can be chosen', () => {
    expect([...resolvePaths()]).toEqual([
      ['livez', 'livez'],
      ['readyz', 'readyz'],
      ['startupz', 'startupz'],
    ]);
    expect([...resolvePaths({ livez: '/health/live', startupz: false })]).toEqual([
      ['livez', 'health/live'],
      ['readyz', 'readyz'],
    ]);
  });

  it.each([
    [{ livez: '' }, "paths.livez: '' is not a path"],
    [{ readyz: 'a?b' }, "paths.readyz: 'a?b' is not a path"],
    [{ ready: 'ready' }, 'paths: there is no option "ready"'],
  ])('refuse %j', (paths, message) => {
    expect(() => resolvePaths(paths as object)).toThrow(message);
  });
});
