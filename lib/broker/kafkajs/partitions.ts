import type { TopicPartition } from '../record.js';
import { groupBy } from './group-by.js';

/** A partition as a key of maps. */
export function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}:${partition}`;
}

/** Items by topic, as Kafka's requests want them. */
export function byTopic<T extends TopicPartition, P>(
  items: readonly T[],
  toPartition: (item: T) => P,
): { topic: string; partitions: P[] }[] {
  const groups = groupBy(items, ({ topic }) => topic);
  return [...groups].map(([topic, ofTopic]) => ({ topic, partitions: ofTopic.map(toPartition) }));
}

/** Nothing but topic and partition. */
export function placeOf({ topic, partition }: TopicPartition): TopicPartition {
  return { topic, partition };
}
