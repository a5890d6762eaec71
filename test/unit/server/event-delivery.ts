import type { MessageHandler } from '@nestjs/microservices';
import { Cutoff } from '../../../lib/delivery/cutoff.js';
import type { AttemptDelivery } from '../../../lib/delivery/delivery.js';
import { systemEnvironment } from '../../../lib/environment/system-environment.js';
import { decodeEvent } from '../../../lib/protocol/event.js';
import { encodeRequest, EVENT } from '../../../lib/protocol/request.js';
import type { EventExtras } from '../../../lib/server/async-event.decorator.js';
import { OwnedPartition } from '../../../lib/server/owned-partition.js';
import { IDLE_INTAKE } from './idle-intake.js';

/** A partition of the topic `pizza` that this instance owns. */
export function ownedPartition(partition = 0): OwnedPartition {
  const assigned = { topic: 'pizza', partition, offset: 0n, metadata: '', epoch: 1 };
  return new OwnedPartition(assigned, IDLE_INTAKE, systemEnvironment);
}

/** An attempt at an event with these bytes. */
export function attemptAt(value: string, owner = ownedPartition(), attempt = 1): AttemptDelivery {
  const encoded = encodeRequest({
    kind: EVENT,
    correlationId: value,
    source: 'kitchen/1',
    headers: [],
    payload: { bytes: Buffer.from(value), contentType: 'application/json' },
  });
  const { topic, partition } = owner;
  const record = { ...encoded, topic, partition, offset: 0n, key: null, timestamp: Date.now() };
  const withdrawal = new Cutoff();
  return {
    record,
    owner,
    withdrawal,
    intermission: (meanwhile) => meanwhile(),
    request: { ...decodeEvent(record, topic), kind: 'one-way', endpoint: 'pizza' },
    attempt,
    cutoff: new Cutoff(owner.gone, withdrawal),
  };
}

/** What the decorator leaves of a handler. */
export function extrasOf(
  topic: string | RegExp,
  declaredBy: string,
  options: Partial<EventExtras> = {},
): EventExtras {
  return { kind: 'event', topic, declaredBy, ...options };
}

/** A handler that nobody calls. */
export const IDLE_HANDLER = (() => Promise.resolve()) as unknown as MessageHandler;
