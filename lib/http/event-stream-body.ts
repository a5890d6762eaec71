import { Readable } from 'node:stream';
import { Logger } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { type CurrentCall, runInCall } from '../context/current-call.js';
import { streamError } from './error-event.js';
import type { ResolvedEventStreamOptions } from './event-stream-options.js';
import { formatEvent, KEEP_ALIVE, ServerSentEvent, toJson } from './server-sent-event.js';
import { Source } from './source.js';

/** What browsers send back if they lose the connection before an event with an id. */
const NO_EVENT_YET = 'start';

/** What a body of events needs to know of the exchange it belongs to. */
export interface EventStreamExchange {
  readonly options: ResolvedEventStreamOptions;
  /** Until when the client wants to wait, in milliseconds since the epoch; `Infinity` if it does not say. */
  readonly deadline: number;
  /** Cuts the connection, so that the client sees that something is missing. */
  cutOff(): void;
}

/**
 * The body of a response of events: the values of an Observable, then `end` with their number, or `error`. Destroying it
 * unsubscribes.
 */
export class EventStreamBody extends Readable {
  private readonly logger = new Logger('EventStream');
  private readonly source = new Source();
  private readonly keepAlive: NodeJS.Timeout;
  private sent = 0;
  private isOpen = false;
  private isOver = false;
  private open!: () => void;
  private refuse!: (error: unknown) => void;
  private waiting: { promise: Promise<void>; resolve: () => void } | undefined;

  /**
   * Resolves when the head of the response has to leave: with the first event, the end, or the first keep-alive.
   * Rejects with an error that comes before that: then the response can still have its status.
   */
  readonly opened = new Promise<void>((resolve, reject) => {
    this.open = resolve;
    this.refuse = reject;
  });

  constructor(private readonly exchange: EventStreamExchange) {
    super();
    const { keepAliveMs } = exchange.options;
    this.keepAlive = setInterval(() => this.write(KEEP_ALIVE), keepAliveMs).unref();
  }

  /** Ends it from outside: with an event `error`, or with the error's status if nothing was sent yet. */
  end(error: unknown): void {
    this.fail(error);
  }

  /** Subscribes to the values. What makes them runs as code of a call: async iterables wait while the client does not read. */
  follow(valuesOf: () => Observable<unknown>): void {
    const call: CurrentCall = { deadline: this.exchange.deadline, ready: () => this.waiting?.promise };
    runInCall(call, () => {
      this.source.subscribe(valuesOf(), {
        next: (value) => this.send(value),
        error: (error: unknown) => this.fail(error),
        complete: () => this.finish({ type: 'end', data: toJson({ events: this.sent }) }),
      });
    });
  }

  override _read(): void {
    this.waiting?.resolve();
    this.waiting = undefined;
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearInterval(this.keepAlive);
    this.open();
    this.waiting?.resolve();
    this.waiting = undefined;
    this.source.leave();
    callback(error);
  }

  private send(value: unknown): void {
    let text: string;
    try {
      text = this.format(value);
    } catch (error) {
      this.fail(error);
      return;
    }
    this.sent += 1;
    this.keepAlive.refresh();
    this.write(text);
  }

  private format(value: unknown): string {
    const place = String(this.sent);
    if (!(value instanceof ServerSentEvent)) return formatEvent({ id: place, data: toJson(value) });
    const { id = place, type, data } = value;
    return formatEvent({ id, type, data: toJson(data) });
  }

  private fail(error: unknown): void {
    if (this.isOver) return;
    if (this.isOpen) {
      const { told, isLogged } = streamError(error);
      if (isLogged) this.logger.error(error);
      this.finish({ type: 'error', data: toJson(told) });
    } else {
      this.isOver = true;
      this.refuse(error);
      this.destroy();
    }
  }

  private finish(last: { type: string; data: string }): void {
    this.write(formatEvent(last));
    this.isOver = true;
    clearInterval(this.keepAlive);
    // Of a value that cannot be sent, what makes it does not know that this was the end.
    this.source.leave();
    if (!this.destroyed) this.push(null);
  }

  private write(text: string): void {
    if (this.destroyed || this.isOver) return;
    if (!this.isOpen) this.openWith(text);
    else if (!this.push(text)) this.wait();
    if (this.readableLength > this.exchange.options.maxPendingBytes) this.giveUp();
  }

  private openWith(text: string): void {
    this.isOpen = true;
    const head = formatEvent({ id: NO_EVENT_YET, retry: this.exchange.options.retryMs });
    if (!this.push(head + text)) this.wait();
    this.open();
  }

  private wait(): void {
    if (this.waiting) return;
    let resolve!: () => void;
    const promise = new Promise<void>((resolved) => (resolve = resolved));
    this.waiting = { promise, resolve };
  }

  private giveUp(): void {
    this.logger.warn(
      `A client is cut off: ${this.readableLength} bytes of events wait for it, more than maxPendingBytes allows.`,
    );
    this.exchange.cutOff();
    this.destroy();
  }
}
