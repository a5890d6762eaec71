import type { ConsumerRecord } from '../broker/record.js';
import { HEADER } from '../protocol/header-names.js';
import { parseSource } from '../protocol/source.js';
import { headerOf } from '../protocol/wire-record.js';
import { type AsyncCallResponse, responseOf } from './async-call-response.js';
import { PendingCall, type PendingCallOptions } from './pending-call.js';

/** Who gets what the services answer to one event. */
export interface SourcesObserver {
  next(service: string, response: AsyncCallResponse): void;
  /** The service's stream has ended, with an error if it has failed. */
  ended(service: string, error?: unknown): void;
}

/**
 * An event that several services answer. The responses of each are a stream of their own; it is over when its owner has
 * enough, or its time is.
 */
export class GatheringCall extends PendingCall {
  private readonly streams = new Map<string, PendingCall>();

  constructor(
    private readonly call: PendingCallOptions,
    private readonly sources: SourcesObserver,
  ) {
    super(call);
  }

  override receive(record: ConsumerRecord): void {
    if (this.isOver) return;
    // Whoever answers it has read it, though its acknowledgement may still be on its way.
    this.acknowledge();
    const service = parseSource(headerOf(record, HEADER.source)?.toString('utf8'))?.service ?? '';
    this.streamOf(service).receive(record);
  }

  private streamOf(service: string): PendingCall {
    let stream = this.streams.get(service);
    if (!stream) this.streams.set(service, (stream = this.newStream(service)));
    return stream;
  }

  private newStream(service: string): PendingCall {
    const { sources } = this;
    return new PendingCall({
      ...this.call,
      // The time is that of the whole.
      limits: {
        timeoutMs: Number.POSITIVE_INFINITY,
        idleTimeoutMs: Number.POSITIVE_INFINITY,
        isInherited: false,
      },
      observer: {
        next: (value, response, call) => sources.next(service, responseOf(value, response, call)),
        error: (error) => sources.ended(service, error),
        complete: () => sources.ended(service),
      },
    });
  }
}
