import { NEST_HEADER } from './nest/nest-header.js';

/** The version this code writes, and the only one it reads. */
export const PROTOCOL_VERSION = '1';

/**
 * Every header of the protocol. The three `kafka_` names are what Nest's own transport and Spring's
 * ReplyingKafkaTemplate use, so that both can call and be called.
 */
export const HEADER = {
  correlationId: 'kafka_correlationId',
  replyTopic: 'kafka_replyTopic',
  replyPartition: 'kafka_replyPartition',
  state: 'ac-state',
  version: 'ac-version',
  kind: 'ac-kind',
  endpoint: 'ac-endpoint',
  type: 'ac-type',
  id: 'ac-id',
  seq: 'ac-seq',
  epoch: 'ac-epoch',
  attempt: 'ac-attempt',
  source: 'ac-source',
  timeoutMs: 'ac-timeout-ms',
  accept: 'ac-accept',
  contentType: 'content-type',
} as const;

const OWN_NAMES: ReadonlySet<string> = new Set([...Object.values(HEADER), ...Object.values(NEST_HEADER)]);

/** Whether the header belongs to the protocol, not to the users. */
export function isProtocolHeader(name: string): boolean {
  return OWN_NAMES.has(name);
}

/** Whether users may not send a header of this name: it is the protocol's, or kept for its future. */
export function isReservedHeader(name: string): boolean {
  return name.startsWith('ac-') || name.startsWith('kafka_') || name === HEADER.contentType;
}
