import type { QueuedRecord } from '../broker/queued-record.js';
import type { ProducerRecord, TopicPartition } from '../broker/record.js';
import { MAX_FRAME_HEAD_BYTES } from '../protocol/frame-list.js';
import type { MessageIds } from '../protocol/message-ids.js';
import type { ReplyForm } from '../protocol/reply-address.js';
import { encodeInForm } from '../protocol/reply-forms.js';
import { type FrameBody, frameOf, type ResponseHead } from '../protocol/response.js';

/** What the responses of one delivery have in common. */
export interface ResponseStream {
  readonly address: TopicPartition;
  /** How they are laid out; absent for this protocol's own way. */
  readonly form: ReplyForm | undefined;
  readonly head: Omit<ResponseHead, 'id' | 'seq'>;
  readonly ids: MessageIds;
  /** The broker has all of a draft, or, with an error, nothing of it. */
  onEnd(draft: ResponseDraft, error?: unknown): void;
}

/** How much a record may hold. One response is always taken. */
export interface DraftLimits {
  readonly responses: number;
  readonly bytes: number;
}

/** About what the headers of a record take, without what callers and services choose. */
const HEAD_BYTES = 300;

/**
 * The next record of a stream while it waits for its batch to leave: responses that are written meanwhile go with it. It
 * costs no time: a batch leaves when it would have left with the first of them alone.
 */
export class ResponseDraft implements QueuedRecord {
  /** About what the record takes in a batch. */
  bytes: number;
  /** What the payloads take. */
  payloadBytes = 0;
  private readonly bodies: FrameBody[] = [];
  private sealed: ProducerRecord | undefined;

  constructor(
    readonly stream: ResponseStream,
    /** The place of its first response. */
    readonly seq: number,
    first: FrameBody,
  ) {
    const { correlationId, source, state } = stream.head;
    this.bytes = HEAD_BYTES + correlationId.length + source.length + (state?.length ?? 0);
    this.add(first);
  }

  get partition(): number {
    return this.stream.address.partition;
  }

  /** How many responses it holds. */
  get count(): number {
    return this.bodies.length;
  }

  /** Takes one more response, the next one of the stream, if there is room for it and the record has not left. */
  offer(body: FrameBody, limits: DraftLimits): boolean {
    if (this.sealed || this.count >= limits.responses) return false;
    if (this.bytes + frameBytesOf(body) > limits.bytes) return false;
    this.add(body);
    return true;
  }

  seal(): ProducerRecord {
    const { address, form, head, ids } = this.stream;
    if (!this.sealed) {
      const { correlationId, source, epoch, attempt, state } = head;
      const first = { correlationId, source, epoch, attempt, state, id: ids.next(), seq: this.seq };
      const { key, value, headers } = encodeInForm(form, first, this.bodies);
      this.sealed = { topic: address.topic, partition: address.partition, key, value, headers };
    }
    return this.sealed;
  }

  /** Each response as a record of its own: one that is too large takes no other with it. */
  divide(): readonly ResponseDraft[] {
    if (this.count === 1) return [];
    return this.bodies.map((body, index) => new ResponseDraft(this.stream, this.seq + index, body));
  }

  resolve(): void {
    this.stream.onEnd(this);
  }

  reject(error: unknown): void {
    // Not at once: the handler ends with it, and may send what it likes, while its lane is in the middle of something.
    queueMicrotask(() => this.stream.onEnd(this, error));
  }

  private add(body: FrameBody): void {
    this.bodies.push(body);
    this.bytes += frameBytesOf(body);
    this.payloadBytes += payloadBytesOf(body);
  }
}

/** What the payload takes. */
export function payloadBytesOf(body: FrameBody): number {
  return frameOf(body).payload.bytes?.length ?? 0;
}

function frameBytesOf(body: FrameBody): number {
  return MAX_FRAME_HEAD_BYTES + payloadBytesOf(body) + (frameOf(body).payload.contentType?.length ?? 0);
}
