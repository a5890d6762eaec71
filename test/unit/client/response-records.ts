import type { ConsumerRecord } from '../../../lib/broker/record.js';
import { encodeResponses } from '../../../lib/protocol/frames.js';
import { jsonSerializer } from '../../../lib/protocol/json-serializer.js';
import type { FrameBody } from '../../../lib/protocol/response.js';
import type { WireRecord } from '../../../lib/protocol/wire-record.js';

/** Where a response stands, and who wrote it. */
export interface Place {
  readonly seq?: number;
  readonly epoch?: number;
  readonly attempt?: number;
  readonly requestId?: string;
  /** `service/instance`. */
  readonly source?: string;
}

/** A record as a client reads it from its reply topic. */
export const stored = (record: WireRecord): ConsumerRecord => ({
  ...record,
  topic: 'caller.replies',
  partition: 0,
  offset: 0n,
  key: null,
  timestamp: 0,
});

/** A record of one response; the first of its stream if it does not say. */
export function frame(body: FrameBody, place?: Place): ConsumerRecord {
  return frames([body], place);
}

/** A record of several responses. */
export function frames(
  bodies: readonly FrameBody[],
  { seq = 0, epoch = 1, attempt = 1, requestId = 'q-1', source = 'broker/i1' }: Place = {},
): ConsumerRecord {
  const correlationId = Buffer.from(requestId);
  const head = { id: `r-${seq}`, seq, epoch, attempt, correlationId, source };
  const { value, headers } = encodeResponses(head, bodies);
  return stored({ value, headers: [...headers, ['tenant', Buffer.from('bank')]] });
}

/** A frame with this value. */
export const valueFrame = (kind: 'next' | 'last', content: unknown): FrameBody => ({
  kind,
  payload: jsonSerializer.serialize(content),
});

/** A value that is followed by others. */
export const next = (content: unknown, place?: Place) => frame(valueFrame('next', content), place);

/** A value that is the end. */
export const last = (content: unknown, place?: Place) => frame(valueFrame('last', content), place);
