import type { ClientHealth } from '../client/client-health.js';
import type { GroupHealth, ServerHealth } from '../server/server-health.js';
import { placeOf, timeOf } from './health-reason.js';

/** A server for people: as JSON, and without what is only needed to judge it. */
export function serverSummary({ service, source, phase, since, groups }: ServerHealth): object {
  return { service, source, phase, since: timeOf(since), groups: groups.map(groupSummary) };
}

/** The same of a client. */
export function clientSummary({ service, source, connection, replies, inFlight }: ClientHealth): object {
  return {
    service,
    source,
    state: connection?.state ?? 'unused',
    since: connection && timeOf(connection.since),
    replies: replies?.place && placeOf(replies.place),
    inFlight,
  };
}

function groupSummary({ groupId, state, since, partitions }: GroupHealth): object {
  return {
    group: groupId,
    state,
    since: timeOf(since),
    partitions: partitions.length,
    inFlight: partitions.reduce((sum, { inFlight }) => sum + inFlight, 0),
    lag: partitions.reduce((sum, { lag }) => sum + (lag ?? 0), 0),
  };
}
