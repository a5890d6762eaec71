import definitions from 'kafkajs/src/protocol/error.js';
import type { ErrorCode } from '../../errors/error-code.js';
import { messageOf } from '../../errors/async-call-error.js';
import { BrokerError, type BrokerErrorOptions } from '../broker-error.js';
import type { TopicPartition } from '../record.js';

const TYPES = new Map(definitions.errorCodes.map(({ code, type, message }) => [code, { type, message }]));

interface Meaning extends BrokerErrorOptions {
  readonly code: ErrorCode;
  /** What to do about it, for the message. */
  readonly advice?: string;
}

const RETRY: Meaning = { code: 'unavailable', retriable: true };
const FENCED: Meaning = { code: 'fenced', fenced: true };
const TOO_LARGE: Meaning = {
  code: 'payload-too-large',
  advice: 'send less, or raise the topic’s max.message.bytes (the broker’s message.max.bytes)',
};
const FORBIDDEN: Meaning = { code: 'authorization-failed' };
const INVALID: Meaning = { code: 'invalid-argument' };

/** What each of Kafka's errors means to a caller; any other is `internal`. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  UNKNOWN_TOPIC_OR_PARTITION: { code: 'unknown-topic', advice: 'create the topic, or check its name' },
  INVALID_TOPIC_EXCEPTION: { ...INVALID, advice: 'choose a valid topic name' },
  MESSAGE_TOO_LARGE: TOO_LARGE,
  RECORD_LIST_TOO_LARGE: TOO_LARGE,
  OFFSET_METADATA_TOO_LARGE: {
    code: 'payload-too-large',
    advice: 'commit less metadata, or raise the broker’s offset.metadata.max.bytes',
  },
  TOPIC_AUTHORIZATION_FAILED: FORBIDDEN,
  GROUP_AUTHORIZATION_FAILED: FORBIDDEN,
  CLUSTER_AUTHORIZATION_FAILED: FORBIDDEN,
  ILLEGAL_GENERATION: FENCED,
  UNKNOWN_MEMBER_ID: FENCED,
  FENCED_INSTANCE_ID: FENCED,
  // The broker does not know either; Kafka's own clients give up, but it is mostly over in a moment.
  UNKNOWN: RETRY,
  REBALANCE_IN_PROGRESS: RETRY,
  LEADER_NOT_AVAILABLE: RETRY,
  NOT_LEADER_FOR_PARTITION: RETRY,
  FENCED_LEADER_EPOCH: RETRY,
  UNKNOWN_LEADER_EPOCH: RETRY,
  REPLICA_NOT_AVAILABLE: RETRY,
  BROKER_NOT_AVAILABLE: RETRY,
  OFFSET_NOT_AVAILABLE: RETRY,
  UNSTABLE_OFFSET_COMMIT: RETRY,
  KAFKA_STORAGE_ERROR: RETRY,
  NETWORK_EXCEPTION: RETRY,
  REQUEST_TIMED_OUT: RETRY,
  NOT_ENOUGH_REPLICAS: RETRY,
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: RETRY,
  CORRUPT_MESSAGE: RETRY,
  NOT_CONTROLLER: RETRY,
  OUT_OF_ORDER_SEQUENCE_NUMBER: RETRY,
  UNKNOWN_PRODUCER_ID: RETRY,
  INVALID_PRODUCER_EPOCH: RETRY,
  GROUP_LOAD_IN_PROGRESS: RETRY,
  GROUP_COORDINATOR_NOT_AVAILABLE: RETRY,
  NOT_COORDINATOR_FOR_GROUP: RETRY,
  GROUP_MAX_SIZE_REACHED: { ...RETRY, advice: 'raise the broker’s group.max.size' },
  INCONSISTENT_GROUP_PROTOCOL: {
    ...INVALID,
    advice:
      'consumers of another kind are members of this group: choose another group id, or stop them first',
  },
  INVALID_GROUP_ID: INVALID,
  INVALID_SESSION_TIMEOUT: {
    ...INVALID,
    advice:
      'choose sessionTimeoutMs between the broker’s group.min.session.timeout.ms and group.max.session.timeout.ms',
  },
  INVALID_PARTITIONS: INVALID,
  INVALID_REPLICATION_FACTOR: { ...INVALID, advice: 'there are fewer brokers than replicas' },
  INVALID_CONFIG: INVALID,
  INVALID_TIMESTAMP: INVALID,
  INVALID_RECORD: INVALID,
  POLICY_VIOLATION: INVALID,
};

/** Kafka's name of an error code; `undefined` for success. */
export function errorType(code: number): string | undefined {
  return code === 0 ? undefined : (TYPES.get(code)?.type ?? `UNKNOWN_ERROR_CODE_${code}`);
}

/** What an operation needs where the cluster has ACLs, e.g. `Read on Group orders`, by what may be refused. */
export interface NeededAcls {
  readonly topic?: string;
  readonly group?: string;
  readonly cluster?: string;
}

/** What everybody needs who reads a topic. */
export function readOn(topic: string): NeededAcls {
  return { topic: `Read on Topic ${topic}` };
}

const PROTECTED: Readonly<Record<string, keyof NeededAcls>> = {
  TOPIC_AUTHORIZATION_FAILED: 'topic',
  GROUP_AUTHORIZATION_FAILED: 'group',
  CLUSTER_AUTHORIZATION_FAILED: 'cluster',
};

/** The broker refused something; `what` says what was tried, on which topic, group or host. */
export function refused(errorCode: number, what: string, needs: NeededAcls = {}): BrokerError {
  const type = errorType(errorCode) ?? 'NONE';
  const { code, advice, ...options } = MEANINGS[type] ?? { code: 'internal' };
  const explanation = TYPES.get(errorCode)?.message ?? type;
  const cause = new KafkaError(type, explanation);
  const why = MEANINGS[type] === FORBIDDEN ? notAuthorized(needs[PROTECTED[type]]) : explanation;
  return new BrokerError(code, sentence(`${what}: ${why} (${type})`, advice), { ...options, cause });
}

/** The same, found out before the broker had to refuse it. */
export function forbidden(what: string, needed: string): BrokerError {
  return new BrokerError('authorization-failed', `${what}: ${notAuthorized(needed)}`);
}

function notAuthorized(needed = 'an ACL for this'): string {
  return `not authorized: the user of this client needs ${needed}`;
}

/** Kafka's name of the error behind this one, if the broker has answered with one. */
export function typeOf(error: BrokerError): string | undefined {
  return error.cause instanceof KafkaError ? error.cause.type : undefined;
}

/**
 * Whether the broker was reached and has said no: just after its start, or that of a topic or group, as after
 * a move of its leader, that passes in a moment.
 */
export function mayPass(error: BrokerError): boolean {
  return error.cause instanceof KafkaError;
}

/** An error code in a broker's answer. */
class KafkaError extends Error {
  override readonly name = 'KafkaError';

  constructor(
    readonly type: string,
    message: string,
  ) {
    super(message);
  }
}

/** For everything that is asked of a component after its close. */
export function closedError(what: string): BrokerError {
  return new BrokerError('closed', `the ${what} was closed`);
}

/** What no waiting repairs: people have to change something. */
export function isHopeless(error: BrokerError): boolean {
  return !error.retriable && !error.fenced;
}

/** What is at this offset cannot be decoded, as the cause says; nothing after it is read until it can be. */
export function undecodable(
  { topic, partition }: TopicPartition,
  offset: bigint,
  cause: unknown,
): BrokerError {
  const message = `${topic}[${partition}]@${offset} cannot be read: ${messageOf(cause)}`;
  return new BrokerError('unavailable', message, { retriable: true, cause });
}

/** Something that the owner's listener threw: nothing is known of its state then. */
export function listenerError(callback: string, error: unknown): BrokerError {
  const message = `the consumer’s listener failed in ${callback}: ${messageOf(error)}`;
  return new BrokerError('internal', message, { cause: error, fatal: true });
}

/** A message, and what to do about it. */
export function sentence(message: string, advice: string | undefined): string {
  return advice === undefined ? message : `${message}; ${advice}`;
}
