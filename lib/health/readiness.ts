import type { StateHealth } from '../broker/state-history.js';
import type { ClientHealth } from '../client/client-health.js';
import type { GroupHealth, PartitionHealth, ServerHealth } from '../server/server-health.js';
import { type HealthReason, lasted, placeOf, timeOf } from './health-reason.js';
import type { ResolvedHealthOptions } from './resolve-health-options.js';

type Limits = ResolvedHealthOptions['readyz'];

const NOT_CONNECTED = 'it is not connected yet: that needs app.startAllMicroservices() and app.listen()';

/** Why a server is not a settled member of its groups, and never was; empty if it was, or is not to be. */
export function notStarted(server: ServerHealth): HealthReason[] {
  const { service, phase, since, groups } = server;
  if (phase !== 'starting') return [];
  const waiting = groups.filter(({ settledAt }) => settledAt === undefined);
  if (waiting.length === 0) {
    const why = groups.length > 0 ? 'it is starting' : NOT_CONNECTED;
    return [{ service, since: timeOf(since), why }];
  }
  return waiting.map((group) => ({
    service,
    group: group.groupId,
    since: timeOf(group.since),
    why:
      group.state === 'failed'
        ? `it could not start: ${messageIn(group)}`
        : `it is not a settled member of its group yet: ${inWords(group)}`,
  }));
}

/** Why a server is to be sent no work; empty if it may be. */
export function serverReadiness(server: ServerHealth, limits: Limits, now: number): HealthReason[] {
  const { service, phase, since, groups } = server;
  switch (phase) {
    case 'unused':
      return [];
    case 'starting':
      return notStarted(server);
    case 'draining':
      return [
        { service, since: timeOf(since), why: 'it is draining: it takes nothing more, and ends what runs' },
      ];
    case 'closed':
      return [{ service, since: timeOf(since), why: 'it was closed' }];
    case 'serving':
      return groups.flatMap((group) =>
        groupReasons(group, limits, now).map((reason) => ({ service, group: group.groupId, ...reason })),
      );
  }
}

function groupReasons(group: GroupHealth, limits: Limits, now: number): HealthReason[] {
  return [
    ...stateReasons(group, limits, now),
    ...silence(group, group.lastContactAt, limits, now),
    ...group.partitions.flatMap((partition) => partitionReasons(partition, limits, now)),
  ];
}

function stateReasons(group: GroupHealth, limits: Limits, now: number): HealthReason[] {
  const { state, since, unsettledSince = since } = group;
  if (state === 'running') return [];
  if (state === 'unavailable') return outage(group, limits, now);
  if (state === 'rebalancing' && now - unsettledSince <= limits.rebalanceGraceMs) return [];
  return [{ since: timeOf(unsettledSince), why: inWords(group) }];
}

function outage(group: StateHealth, { outageGraceMs }: Limits, now: number): HealthReason[] {
  if (outageGraceMs > 0 && now - group.since <= outageGraceMs) return [];
  return [{ since: timeOf(group.since), why: inWords(group) }];
}

function silence(
  { state }: StateHealth,
  contactAt: number | undefined,
  { maxSilenceMs }: Limits,
  now: number,
): HealthReason[] {
  if (state !== 'running' || contactAt === undefined || now - contactAt <= maxSilenceMs) return [];
  const why = `the broker is silent for ${lasted(contactAt, now)} (maxSilenceMs: ${maxSilenceMs})`;
  return [{ since: timeOf(contactAt), why }];
}

function partitionReasons(partition: PartitionHealth, limits: Limits, now: number): HealthReason[] {
  const { lag, unsettledSince: since, offset } = partition;
  const { maxLag, maxUnsettledMs } = limits;
  const reasons: HealthReason[] = [];
  const place = placeOf(partition);
  if (lag !== undefined && lag > maxLag)
    reasons.push({ partition: place, why: `${lag} records are not done (maxLag: ${maxLag})` });
  if (since !== undefined && now - since > maxUnsettledMs) {
    const why = `the record at ${offset} has not ended for ${lasted(since, now)} (maxUnsettledMs: ${maxUnsettledMs})`;
    reasons.push({ partition: place, since: timeOf(since), why });
  }
  return reasons;
}

/** Why calls of a client cannot be made now; empty if they can. */
export function clientReadiness(client: ClientHealth, limits: Limits, now: number): HealthReason[] {
  const { service, connection, replies, isClosed } = client;
  if (isClosed) return [{ service, why: 'its client: it is closed, or is being closed' }];
  // Nobody has called yet: whoever waited for that would wait for ever.
  if (!connection) return [];
  return clientState(connection, replies, limits, now).map(({ since, why }) => {
    // Beside it may stand a server of the same service, with the same trouble.
    return { service, since, why: `its client: ${why}` };
  });
}

function clientState(
  connection: StateHealth,
  replies: ClientHealth['replies'],
  limits: Limits,
  now: number,
): HealthReason[] {
  if (connection.state === 'unavailable') return outage(connection, limits, now);
  if (connection.state === 'failed')
    return [{ since: timeOf(connection.since), why: `it has failed: ${messageIn(connection)}` }];
  if (!replies) return [];
  if (!replies.place)
    return [{ since: timeOf(connection.since), why: 'its reader of replies is not positioned yet' }];
  return silence(connection, replies.lastContactAt, limits, now);
}

/** What a state means. */
function inWords(health: StateHealth): string {
  switch (health.state) {
    case 'unavailable':
      return `the broker cannot be used: ${messageIn(health)}`;
    case 'failed':
      return `its consumer has failed: ${messageIn(health)}`;
    case 'starting':
      return 'it is joining its group';
    case 'rebalancing':
      return 'its group is rebalancing';
    case 'closed':
      return 'its consumer is closed';
    case 'running':
      return 'it is running';
  }
}

function messageIn({ lastError }: StateHealth): string {
  return lastError?.error.message ?? 'no reason is known';
}
