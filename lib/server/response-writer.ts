import type { BatchingProducer } from '../broker/batching-producer.js';
import { BrokerError } from '../broker/broker-error.js';
import { partitionForKey } from '../broker/partitioner.js';
import type { TopicPartition } from '../broker/record.js';
import type { TopicDirectory } from '../broker/topic-directory.js';
import type { Cutoff } from '../delivery/cutoff.js';
import { AsyncCallError } from '../errors/async-call-error.js';
import { TerminalError } from '../errors/handler-errors.js';
import type { Answerable } from '../protocol/decode-error.js';
import type { MessageIds } from '../protocol/message-ids.js';
import type { FrameBody, ResponseHead } from '../protocol/response.js';
import { serializerFor } from '../protocol/reply-forms.js';
import { type SerializedPayload, serialize, type Serializer } from '../protocol/serializer.js';
import { type DraftLimits, payloadBytesOf, ResponseDraft, type ResponseStream } from './response-draft.js';
import type { ResponseSink } from './response-sink.js';
import { Unacknowledged } from './unacknowledged.js';

/** What all writers of a server share. */
export interface ResponseWriting {
  readonly producer: BatchingProducer;
  readonly directory: TopicDirectory;
  readonly serializer: Serializer;
  /** Who answers: `service/instance`. */
  readonly source: string;
  readonly ids: MessageIds;
  /** How many responses of one call may be unacknowledged before {@link ResponseWriter.ready} waits. */
  readonly window: number;
  /** How many bytes of one call may be, before a further response is refused. */
  readonly bufferBytes: number;
}

/** About what a response takes in memory beside its payload. */
const RESPONSE_OVERHEAD_BYTES = 1_000;
/** How many responses share a record where the caller reads that. */
const MAX_FRAMES = 500;
/** What such a record may take: well below the broker's default limit of 1 MiB. */
const MAX_FRAMES_BYTES = 200_000;

/** Tells the deliveries of a request apart. */
export type DeliveryNumber = Pick<ResponseHead, 'epoch' | 'attempt'>;

/** What of a request its responses depend on. */
export interface AnsweredRequest extends Answerable {
  /** Whether several responses may share a record. */
  readonly acceptsFrames: boolean;
}

/**
 * Writes the stream of responses to one request, in order, as records of one partition. Each value leaves
 * when it is written; a value that is followed by the end in the same turn is sent as one `last` frame. Responses that
 * wait for the same batch share a record, if the caller reads that.
 *
 * After the first failure nothing more is written, so that the caller never sees a gap.
 */
export class ResponseWriter implements ResponseSink {
  private seq = 0;
  /** The latest value, until it is known whether it is the last. */
  private held: SerializedPayload | undefined;
  /** It will be sent at the end of this turn. */
  private releasing = false;
  private ended = false;
  private failure: AsyncCallError | undefined;
  /** The last record; it may not have left yet. */
  private draft: ResponseDraft | undefined;
  private readonly unacknowledged = new Unacknowledged();
  private readonly stream: ResponseStream;
  private readonly maxFrames: number;
  private readonly serializer: Serializer;

  private constructor(
    private readonly writing: ResponseWriting,
    { correlationId, acceptsFrames, replyTo: { form, state } }: AnsweredRequest,
    address: TopicPartition,
    { epoch, attempt }: DeliveryNumber,
    private readonly cutoff: Cutoff,
  ) {
    this.maxFrames = acceptsFrames ? MAX_FRAMES : 1;
    this.serializer = serializerFor(form, writing.serializer);
    this.stream = {
      address,
      form,
      head: { correlationId, source: writing.source, epoch, attempt, state },
      ids: writing.ids,
      onEnd: (draft, error) => this.draftEnded(draft, error),
    };
  }

  /**
   * A writer to the address: at once, if the way there is known. It aborts the cutoff when a response was refused, so
   * that the handler ends; it writes nothing after somebody else has aborted it.
   * Rejects with `unknown-topic` if there is no such topic or partition.
   */
  static open(
    writing: ResponseWriting,
    request: AnsweredRequest,
    delivery: DeliveryNumber,
    cutoff: Cutoff,
  ): ResponseWriter | Promise<ResponseWriter> {
    const open = (place: TopicPartition) => new ResponseWriter(writing, request, place, delivery, cutoff);
    const place = replyPlace(writing.directory, request);
    return place instanceof Promise ? place.then(open) : open(place);
  }

  /**
   * Sends a value as the next partial response. Throws a {@link TerminalError} if it cannot be serialized, and if too
   * much waits for the broker already: the source is faster and cannot be held up.
   */
  write(value: unknown): void {
    this.hold(value);
    if (this.releasing) return;
    this.releasing = true;
    queueMicrotask(() => {
      this.releasing = false;
      this.release('next');
    });
  }

  /** Sends a value as the last response. Throws as {@link write} does. */
  writeLast(value: unknown): void {
    this.hold(value);
    this.complete();
  }

  /** Ends the stream. */
  complete(): void {
    if (this.ended) return;
    if (this.held) this.release('last');
    else this.send({ kind: 'complete' });
    this.ended = true;
  }

  /** Resolves when the window has room for another response; `undefined` if it has. */
  ready(): Promise<void> | undefined {
    return this.unacknowledged.fewerThan(this.writing.window);
  }

  /** How many values the broker has been handed without a gap. */
  get written(): number {
    return this.seq;
  }

  /** Resolves when the broker has acknowledged all that was written, or with why it has refused any of it. */
  settled(): Promise<AsyncCallError | undefined> {
    this.release('next');
    const stored = this.unacknowledged.fewerThan(1) ?? Promise.resolve();
    return stored.then(() => this.failure);
  }

  private hold(value: unknown): void {
    if (this.ended) return;
    const payload = this.serialize(value);
    this.release('next');
    this.assertRoom();
    this.held = payload;
  }

  private serialize(value: unknown): SerializedPayload {
    try {
      return serialize(this.serializer, value);
    } catch (cause) {
      const message = `Response ${this.written} cannot be sent. ${AsyncCallError.from(cause).message}`;
      throw new TerminalError(message, { code: 'internal', cause });
    }
  }

  private assertRoom(): void {
    const { bufferBytes } = this.writing;
    if (this.unacknowledged.bytes <= bufferBytes) return;
    throw new TerminalError(
      `${this.unacknowledged.count} responses wait for the broker, which is more than delivery.responseBufferBytes ` +
        `(${bufferBytes}) allows: the endpoint emits faster than they can be sent. ` +
        'An async iterable is held up instead.',
      { code: 'overloaded' },
    );
  }

  private release(kind: 'next' | 'last'): void {
    const payload = this.held;
    if (!payload) return;
    this.held = undefined;
    this.send({ kind, payload });
  }

  private send(body: FrameBody): void {
    if (this.cutoff.aborted) return;
    this.unacknowledged.add(1, memoryOf(1, payloadBytesOf(body)));
    if (!this.draft?.offer(body, this.limits())) this.begin(new ResponseDraft(this.stream, this.seq, body));
    if (body.kind === 'next' || body.kind === 'last') this.seq += 1;
  }

  private begin(draft: ResponseDraft): void {
    this.draft = draft;
    this.writing.producer.enqueue(this.stream.address.topic, draft);
  }

  private limits(): DraftLimits {
    const maxBatchBytes = this.writing.producer.maxBatchBytes(this.stream.address.topic);
    return { responses: this.maxFrames, bytes: Math.min(MAX_FRAMES_BYTES, maxBatchBytes) };
  }

  private draftEnded({ seq, count, payloadBytes }: ResponseDraft, error: unknown): void {
    if (error !== undefined && !this.failure) this.broke(error, seq);
    this.unacknowledged.remove(count, memoryOf(count, payloadBytes));
  }

  private broke(error: unknown, seq: number): void {
    this.failure = AsyncCallError.from(error);
    this.seq = seq;
    this.held = undefined;
    this.ended = true;
    this.cutoff.abort();
  }
}

/** About what responses take in memory. */
function memoryOf(count: number, payloadBytes: number): number {
  return count * RESPONSE_OVERHEAD_BYTES + payloadBytes;
}

/**
 * Where responses go: at once, if the number of the topic's partitions is known. Rejects with `unknown-topic` if there is
 * no such topic or partition.
 */
export function replyPlace(
  directory: TopicDirectory,
  answerable: Answerable,
): TopicPartition | Promise<TopicPartition> {
  const known = placeWithin(directory.knownPartitionsOf(answerable.replyTo.topic), answerable);
  return known ?? lookUpPlace(directory, answerable);
}

async function lookUpPlace(directory: TopicDirectory, answerable: Answerable): Promise<TopicPartition> {
  const { topic, partition } = answerable.replyTo;
  let partitions = await directory.partitionsOf(topic);
  if (partitions !== undefined && partition !== undefined && partition >= partitions) {
    // The topic may have grown since it was looked up.
    directory.forget(topic);
    partitions = await directory.partitionsOf(topic);
  }
  const place = placeWithin(partitions, answerable);
  if (place) return place;
  const where = `${topic}[${partition ?? 0}]`;
  throw new BrokerError(
    'unknown-topic',
    `The request wants its responses in ${where}, which does not exist.`,
  );
}

/** The place among so many partitions; `undefined` if it is none of them. */
function placeWithin(
  partitions: number | undefined,
  { correlationId, replyTo: { topic, partition: wanted } }: Answerable,
): TopicPartition | undefined {
  if (partitions === undefined) return undefined;
  const partition = wanted ?? partitionForKey(correlationId, partitions);
  return partition < partitions ? { topic, partition } : undefined;
}
