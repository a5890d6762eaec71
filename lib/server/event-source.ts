import type { TopicSpec } from '../broker/admin.js';
import type { ConsumerRecord } from '../broker/record.js';
import type { Delivery, Handle } from '../delivery/delivery.js';
import { AsyncCallError } from '../errors/async-call-error.js';
import { typeOf } from '../protocol/event.js';
import { isInternalTopic } from '../protocol/topic-names.js';
import type { EventExtras } from './async-event.decorator.js';
import { type EventSubscription, withoutPrefix } from './event-handlers.js';
import { eventKind } from './event-kind.js';
import { type GateOfRecord, Intake } from './intake.js';
import type { RecordKind } from './record-kind.js';
import type { ServerOptions } from './server-options.js';
import type { Source } from './source.js';

/** The events of one subscription. */
export function eventSource(
  { topicNames, eventTopics, delivery: { concurrency, maxInFlight } }: ServerOptions,
  subscription: EventSubscription,
  groupId: string,
  pipelineOf: (kind: RecordKind) => Handle<Delivery>,
  warn: (message: string) => void,
): Source {
  const { topic, handlers, startFrom } = subscription;
  for (const { extras } of handlers.values()) assertBatchFits(extras, concurrency);
  const gateOf = (record: ConsumerRecord): GateOfRecord | undefined => {
    const type = typeOf(record);
    const limit = (handlers.get(type) ?? handlers.get(undefined))?.extras.concurrency;
    return limit === undefined ? undefined : { name: handlers.has(type) ? `type ${type}` : '', limit };
  };
  const isLimited = [...handlers.values()].some(({ extras }) => extras.concurrency !== undefined);
  const intake = new Intake({
    concurrency,
    maxInFlight,
    handle: pipelineOf(eventKind(subscription, groupId, warn)),
    laneOf: ({ key }) => key,
    gateOf: isLimited ? gateOf : undefined,
  });
  if (typeof topic === 'string') {
    const spec: TopicSpec = { ...eventTopics, topic: topicNames.events(topic) };
    return { topics: [spec], startFrom, intake };
  }
  const prefix = topicNames.events('');
  const accepts = (name: string) =>
    name.startsWith(prefix) && topic.test(withoutPrefix(name, topicNames)) && !isInternalTopic(name);
  const [[, { extras }]] = handlers;
  return { topics: [], accepts, pattern: `${String(topic)} of ${extras.declaredBy}`, startFrom, intake };
}

/** A batch waits for more events than may be handed over at once: it would never be full. */
function assertBatchFits({ batch, concurrency, declaredBy }: EventExtras, limit: number): void {
  const most = Math.min(concurrency ?? limit, limit);
  if (!batch || batch.size <= most) return;
  throw new AsyncCallError(
    'invalid-argument',
    `${declaredBy} takes batches of ${batch.size} events, but only ${most} of them run at once: ` +
      "write a smaller size, or raise the handler's concurrency or the module's delivery.concurrency.",
  );
}
