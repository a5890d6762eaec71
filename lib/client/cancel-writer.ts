import type { BatchingProducer } from '../broker/batching-producer.js';
import type { ProducerRecord } from '../broker/record.js';
import { AsyncCallError } from '../errors/async-call-error.js';
import { encodeCancel } from '../protocol/cancel.js';

/** Where a request stands: its cancel has to stand behind it. */
export type RequestPlace = Pick<ProducerRecord, 'topic' | 'partition' | 'key'>;

/** What a writer of cancels works with. */
export interface CancelWriterOptions {
  readonly producer: Pick<BatchingProducer, 'send'>;
  /** Who gives up: `service/instance`. */
  readonly source: string;
  /** How many may wait for the broker. One more is lost: in an outage they must not pile up. */
  readonly maxWaiting: number;
  /** A cancel was not written: the service goes on with that request until it ends, or its deadline. */
  readonly onLost: (error: unknown) => void;
}

/**
 * Writes the records that give requests up. Nobody waits for them, and no call fails by them: they save the service
 * work, no promise depends on them.
 */
export class CancelWriter {
  private waiting = 0;
  private writtenCount = 0;
  private lostCount = 0;

  constructor(private readonly options: CancelWriterOptions) {}

  /** How many the broker has stored. */
  get written(): number {
    return this.writtenCount;
  }

  /** How many could not be written. */
  get lost(): number {
    return this.lostCount;
  }

  /** Writes the cancel of this request when it is called. Of the request it keeps alive no more than its place. */
  cancelOf(requestId: string, place: RequestPlace): () => void {
    return () => this.write(requestId, place);
  }

  write(requestId: string, place: RequestPlace): void {
    const { producer, source, maxWaiting } = this.options;
    if (this.waiting >= maxWaiting) return this.lose(tooMany(maxWaiting));
    this.waiting += 1;
    producer
      .send({ ...place, ...encodeCancel(requestId, source) })
      .then(
        () => (this.writtenCount += 1),
        (error: unknown) => this.lose(error),
      )
      .finally(() => (this.waiting -= 1));
  }

  private lose(error: unknown): void {
    this.lostCount += 1;
    this.options.onLost(error);
  }
}

function tooMany(maxWaiting: number): AsyncCallError {
  return new AsyncCallError('overloaded', `${maxWaiting} cancels wait for the broker already.`);
}
