import { BrokerError } from '../../../lib/broker/broker-error.js';
import type { ConsumerState } from '../../../lib/broker/consumer.js';
import type { StateHealth } from '../../../lib/broker/state-history.js';
import type { ClientHealth } from '../../../lib/client/client-health.js';
import type { GroupHealth, PartitionHealth, ServerHealth } from '../../../lib/server/server-health.js';

/** The time of all snapshots of a test. */
export const NOW = Date.UTC(2026, 0, 1, 12);

export const SINCE_MS = 1_000;

/** In that state for a second. */
export function state(current: ConsumerState = 'running'): StateHealth {
  const since = NOW - SINCE_MS;
  const isUnsettled = current === 'starting' || current === 'rebalancing';
  const error = new BrokerError('unavailable', 'nobody answers', { retriable: true });
  return {
    state: current,
    since,
    lastError: { error, at: since },
    unsettledSince: isUnsettled ? since : undefined,
    settledAt: since,
  };
}

/** All is well with it, but for what is said. */
export function group(said: Partial<GroupHealth> = {}): GroupHealth {
  return {
    groupId: 'pizza',
    ...state(said.state),
    lastPolledAt: NOW,
    lastContactAt: NOW,
    joins: 0,
    isReplaced: false,
    partitions: [],
    ...said,
  };
}

export function partition(said: Partial<PartitionHealth> = {}): PartitionHealth {
  return {
    topic: 'pizza.requests',
    partition: 3,
    offset: 42n,
    unsettledSince: undefined,
    inFlight: 0,
    holdsBack: false,
    isHeldBack: false,
    isPaused: false,
    isLeaving: false,
    lag: 0,
    ...said,
  };
}

export function server(groups: readonly GroupHealth[], said: Partial<ServerHealth> = {}): ServerHealth {
  return { service: 'pizza', source: 'pizza/1', phase: 'serving', since: NOW - SINCE_MS, groups, ...said };
}

export function client(said: Partial<ClientHealth> = {}): ClientHealth {
  return {
    service: 'pizza',
    source: 'pizza/1',
    connection: state(),
    replies: { place: { topic: 'pizza.replies', partition: 1 }, lastPolledAt: NOW, lastContactAt: NOW },
    inFlight: 0,
    isClosed: false,
    ...said,
  };
}
