import { inspect } from 'node:util';
import { timeoutFault } from '../client/call-options.js';
import { MAX_TIMER_MS } from '../delivery/pause.js';
import { assertNoFaults, faultOf, objectFaults } from '../module/option-faults.js';
import type {
  AsyncCallsHealthOptions,
  CanaryOptions,
  LivenessOptions,
  ProbeServerOptions,
  ReadinessOptions,
  StartupOptions,
} from './health-options.js';

/** What {@link ResolvedHealthOptions} are injected by. */
export const RESOLVED_HEALTH_OPTIONS = Symbol('nestjs-async-calls: resolved health options');

/** The limits of a probe, with nothing left open. */
type Limits<T> = Required<Omit<T, 'canary'>>;

/** The options with their defaults. */
export interface ResolvedHealthOptions {
  readonly livez: Limits<LivenessOptions>;
  readonly readyz: Limits<ReadinessOptions> & { readonly canary: Required<CanaryOptions> | undefined };
  readonly startupz: Limits<StartupOptions>;
  readonly server: ProbeServerOptions | undefined;
  readonly drainDelayMs: number;
}

const NO_LIMIT = Number.POSITIVE_INFINITY;

const LIVENESS: Limits<LivenessOptions> = {
  maxEventLoopLagMs: 10_000,
  maxPollMs: 60_000,
  maxUnsettledMs: NO_LIMIT,
  maxRejoinMs: 600_000,
  maxOutageMs: NO_LIMIT,
  exitAfterMs: NO_LIMIT,
  checks: [],
};
const READINESS: Limits<ReadinessOptions> = {
  rebalanceGraceMs: 60_000,
  outageGraceMs: 0,
  maxSilenceMs: 15_000,
  maxLag: NO_LIMIT,
  maxUnsettledMs: NO_LIMIT,
  checks: [],
};
const STARTUP: Limits<StartupOptions> = { checks: [] };
const CANARY: Omit<Required<CanaryOptions>, 'target'> = {
  data: undefined,
  timeoutMs: 500,
  intervalMs: 10_000,
};

/** Applies defaults and checks. Throws one `invalid-argument` error that names every fault and what to write instead. */
export function resolveHealthOptions(options: AsyncCallsHealthOptions): ResolvedHealthOptions {
  assertNoFaults('AsyncCallsHealthModule', faultsOf(options));
  const { livez, readyz, startupz, server, drainDelayMs = 0 } = options;
  const { canary, ...readiness } = readyz ?? {};
  return Object.freeze({
    livez: withDefaults(LIVENESS, livez),
    readyz: {
      ...withDefaults(READINESS, readiness),
      canary: canary && { ...withDefaults(CANARY, canary), target: canary.target },
    },
    startupz: withDefaults(STARTUP, startupz),
    server,
    drainDelayMs,
  });
}

/** What is said as `undefined` is not said. */
function withDefaults<T extends object>(defaults: T, said: Partial<T> = {}): T {
  const given = Object.entries(said).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(given) };
}

function faultsOf(options: AsyncCallsHealthOptions): string[] {
  const names = ['livez', 'readyz', 'startupz', 'server', 'drainDelayMs'];
  const shape = objectFaults('the options', options, names);
  if (shape.length > 0) return shape;
  const { livez, readyz, startupz, server, drainDelayMs } = options;
  const groups = [
    ...objectFaults('livez', livez, Object.keys(LIVENESS)),
    ...objectFaults('readyz', readyz, [...Object.keys(READINESS), 'canary']),
    ...objectFaults('readyz.canary', readyz?.canary, ['target', ...Object.keys(CANARY)]),
    ...objectFaults('startupz', startupz, Object.keys(STARTUP)),
    ...objectFaults('server', server, ['port', 'host']),
  ];
  if (groups.length > 0) return groups;
  return [
    ...limitFaults('livez', livez),
    ...limitFaults('readyz', readyz),
    ...limitFaults('startupz', startupz),
    faultOf('readyz.canary.intervalMs', numberFault(readyz?.canary?.intervalMs, 'a time')),
    faultOf('readyz.canary.target', canaryFault(readyz?.canary)),
    faultOf('readyz.canary.timeoutMs', canaryTimeoutFault(readyz?.canary)),
    faultOf('server.port', server && portFault(server.port)),
    faultOf('server.host', hostFault(server?.host)),
    faultOf('drainDelayMs', timeFault(drainDelayMs)),
  ].filter((each) => each !== undefined);
}

/** Of all that is a number, and of the checks. */
function limitFaults(group: string, options: object = {}): (string | undefined)[] {
  return Object.entries(options).map(([name, value]) => {
    if (name === 'checks') return faultOf(`${group}.checks`, checksFault(value));
    if (name === 'maxLag') return faultOf(`${group}.maxLag`, numberFault(value, 'a number of records'));
    return name.endsWith('Ms') ? faultOf(`${group}.${name}`, numberFault(value, 'a time')) : undefined;
  });
}

function numberFault(value: unknown, what: string): string | undefined {
  if (value === undefined || (typeof value === 'number' && value >= 0)) return undefined;
  return `${inspect(value)} is not ${what}: write a number from 0 on, or Infinity for no limit`;
}

function timeFault(ms: unknown): string | undefined {
  if (ms === undefined || (Number.isInteger(ms) && (ms as number) >= 0 && (ms as number) <= MAX_TIMER_MS))
    return undefined;
  return `${inspect(ms)} is not a time: write whole milliseconds from 0 to ${MAX_TIMER_MS}`;
}

function checksFault(checks: unknown): string | undefined {
  if (checks === undefined) return undefined;
  if (Array.isArray(checks) && checks.every((each) => typeof each === 'function')) return undefined;
  return `${inspect(checks)} is no list of functions: write [() => database.pingCheck('database')]`;
}

function canaryFault(canary: CanaryOptions | undefined): string | undefined {
  if (canary === undefined || canary.target) return undefined;
  return "it says not whom to call: write 'service/endpoint'";
}

function canaryTimeoutFault(canary: CanaryOptions | undefined): string | undefined {
  return canary?.timeoutMs === undefined ? undefined : timeoutFault(canary.timeoutMs);
}

function portFault(port: unknown): string | undefined {
  if (Number.isInteger(port) && (port as number) >= 0 && (port as number) <= 65_535) return undefined;
  return `${inspect(port)} is not a port: write a number from 0 to 65535`;
}

function hostFault(host: unknown): string | undefined {
  if (host === undefined || (typeof host === 'string' && host !== '')) return undefined;
  return `${inspect(host)} is not an address: write one as '127.0.0.1', or nothing for all`;
}
