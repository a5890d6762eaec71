import { BrokerError } from '../broker-error.js';
import type { TopicPartition } from '../record.js';

/** For a topic, or a partition of one, that does not exist. Retriable: it may be created. */
export function unknownTopic(topic: string, partition?: number): BrokerError {
  const what = partition === undefined ? `topic ${topic}` : `partition ${partition} of topic ${topic}`;
  return new BrokerError('unknown-topic', `${what} does not exist`, { retriable: true });
}

/** For a component that is used after its close. */
export function closed(component: string): BrokerError {
  return new BrokerError('closed', `the ${component} was closed`, { fatal: true });
}

/** For a commit by who does not own the partition. */
export function fenced({ topic, partition }: TopicPartition, memberId: string): BrokerError {
  const message = `partition ${partition} of topic ${topic} is not assigned to ${memberId}`;
  return new BrokerError('fenced', message, { fenced: true });
}

/** For what exceeds a limit of the broker. */
export function tooLarge(what: string, bytes: number, limit: number): BrokerError {
  return new BrokerError('payload-too-large', `${what} has ${bytes} bytes; the broker accepts ${limit}`);
}

/** For an option or argument that is wrong. */
export function invalidArgument(message: string): BrokerError {
  return new BrokerError('invalid-argument', message);
}
