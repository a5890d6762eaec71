import type { ClientHealth } from '../client/client-health.js';
import type { GroupHealth, PartitionHealth, ServerHealth } from '../server/server-health.js';
import { type HealthReason, lasted, placeOf, timeOf } from './health-reason.js';
import type { ResolvedHealthOptions } from './resolve-health-options.js';

type Limits = ResolvedHealthOptions['livez'];

/** What is looked at. */
export interface LivenessInput {
  readonly servers: readonly ServerHealth[];
  readonly clients: readonly ClientHealth[];
  readonly eventLoopLagMs: number;
  readonly now: number;
}

/** Why the process is to be restarted; empty if it is not. A restart repairs each of these, as far as anything does. */
export function livenessReasons(input: LivenessInput, limits: Limits): HealthReason[] {
  const { servers, clients, eventLoopLagMs, now } = input;
  // One that ends by itself needs no help.
  const ending = new Set(['draining', 'closed']);
  return [
    ...eventLoopReasons(eventLoopLagMs, limits),
    ...servers
      .filter(({ phase }) => !ending.has(phase))
      .flatMap(({ service, groups }) =>
        groups.flatMap((group) =>
          groupReasons(group, limits, now).map((reason) => ({ service, group: group.groupId, ...reason })),
        ),
      ),
    ...clients.filter(({ isClosed }) => !isClosed).flatMap((client) => clientReasons(client, limits, now)),
  ];
}

function eventLoopReasons(lagMs: number, limits: Limits): HealthReason[] {
  return lagMs > limits.maxEventLoopLagMs ? [{ why: blockedFor(lagMs, limits) }] : [];
}

/** What is to be said of a timer that is so late. */
export function blockedFor(lagMs: number, { maxEventLoopLagMs }: Limits): string {
  return (
    `the event loop is blocked: a timer is ${Math.round(lagMs)} ms late (maxEventLoopLagMs: ${maxEventLoopLagMs}). ` +
    'Move work that takes that long to a worker thread'
  );
}

function groupReasons(group: GroupHealth, limits: Limits, now: number): HealthReason[] {
  const reasons = [
    failed(group),
    away(group, limits, now),
    standstill('its consumer', group.lastPolledAt, limits, now),
    neverSettled(group, limits, now),
  ].filter((each) => each !== undefined);
  return [...reasons, ...group.partitions.flatMap((partition) => heldBack(partition, limits, now))];
}

function failed({ state, since, settledAt, lastError, isReplaced }: GroupHealth): HealthReason | undefined {
  // One that is replaced, as delivery.onFailure says, needs no restart.
  if (state !== 'failed' || isReplaced) return undefined;
  const what = settledAt === undefined ? 'it could not start' : 'its consumer has failed for good';
  return { since: timeOf(since), why: `${what}: ${lastError?.error.message}` };
}

function away(
  { state, since, lastError }: GroupHealth,
  limits: Limits,
  now: number,
): HealthReason | undefined {
  const { maxOutageMs } = limits;
  if (state !== 'unavailable' || now - since <= maxOutageMs) return undefined;
  return {
    since: timeOf(since),
    why: `the broker cannot be used for ${lasted(since, now)} (maxOutageMs: ${maxOutageMs}): ${lastError?.error.message}`,
  };
}

function standstill(
  what: string,
  lastPolledAt: number | undefined,
  { maxPollMs }: Limits,
  now: number,
): HealthReason | undefined {
  if (lastPolledAt === undefined || now - lastPolledAt <= maxPollMs) return undefined;
  return {
    since: timeOf(lastPolledAt),
    why:
      `${what} stands still: for ${lasted(lastPolledAt, now)} it has not got to fetch what there is to fetch, ` +
      `or to tell its group that it lives (maxPollMs: ${maxPollMs})`,
  };
}

function neverSettled(
  { unsettledSince: since, joins }: GroupHealth,
  { maxRejoinMs }: Limits,
  now: number,
): HealthReason | undefined {
  if (since === undefined || now - since <= maxRejoinMs) return undefined;
  return {
    since: timeOf(since),
    why: `it has joined its group ${joins} times in ${lasted(since, now)} and is not settled (maxRejoinMs: ${maxRejoinMs})`,
  };
}

function heldBack(partition: PartitionHealth, { maxUnsettledMs }: Limits, now: number): HealthReason[] {
  const { unsettledSince: since, holdsBack, isLeaving, offset } = partition;
  if (!holdsBack || isLeaving || since === undefined || now - since <= maxUnsettledMs) return [];
  return [
    {
      partition: placeOf(partition),
      since: timeOf(since),
      why:
        `the record at ${offset} has not ended for ${lasted(since, now)}, and holds back the commits of those ` +
        `behind it (maxUnsettledMs: ${maxUnsettledMs}). Give its handler a limit: maxHandlerMs`,
    },
  ];
}

function clientReasons({ service, replies }: ClientHealth, limits: Limits, now: number): HealthReason[] {
  const reason = standstill('its reader of replies', replies?.lastPolledAt, limits, now);
  return reason ? [{ service, ...reason }] : [];
}
