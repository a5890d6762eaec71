import { v7 as uuid } from 'uuid';
import { AsyncCallError } from '../errors/async-call-error.js';
import { type EndpointTarget, parseTarget } from '../protocol/endpoint-address.js';
import { headerEntries, type HeadersInput } from '../protocol/message-headers.js';
import { encodeRequest, type RequestKind } from '../protocol/request.js';
import { type CallOptions, checkCallOptions } from './call-options.js';
import { ClientConnection, type ConnectionListener } from './client-connection.js';
import type { ClientOptions } from './client-options.js';
import { type CallObserver, PendingCall } from './pending-call.js';
import { PendingCalls } from './pending-calls.js';

/** What is sent where, and how. */
export interface Call {
  readonly kind: RequestKind;
  readonly target: EndpointTarget;
  readonly data: unknown;
  readonly options: CallOptions;
}

/** What a caller asks of the client it works for. */
export interface CallerListener extends Pick<ConnectionListener, 'onState'> {
  /** A one-way call has failed, and nobody has subscribed to it. */
  onUnobservedError(error: unknown): void;
  /** Headers that are added to a call, e.g. by instrumentation. */
  headersFor(target: EndpointTarget, data: unknown): HeadersInput | undefined;
}

/** Makes calls and keeps them until they are over. */
export class Caller {
  private readonly pending = new PendingCalls();
  private readonly connection: ClientConnection;
  private closed = false;

  constructor(
    private readonly options: ClientOptions,
    /** Whom to tell what no call can be told. */
    readonly listener: CallerListener,
  ) {
    this.connection = new ClientConnection(options, {
      onReply: (record) => this.pending.dispatch(record),
      onState: (state, error) => listener.onState(state, error),
    });
  }

  /** How many calls wait for responses. */
  get inFlight(): number {
    return this.pending.size;
  }

  /**
   * Sends a call and tells its observer what comes of it; a one-way call completes when the broker has stored
   * it. All that goes wrong goes to the observer.
   */
  start(call: Call, observer: CallObserver): PendingCall {
    const pending = new PendingCall({
      requestId: uuid(),
      kind: call.kind,
      target: nameOf(call.target),
      timeoutMs: call.options.timeoutMs ?? this.options.timeoutMs,
      serializer: this.options.serializer,
      observer,
    });
    if (call.kind === 'request') this.pending.add(pending);
    this.transmit(call, pending).then(
      () => call.kind === 'one-way' && pending.complete(),
      (error: unknown) => pending.fail(error),
    );
    return pending;
  }

  /** Resolves when requests can be sent and replies are read. A failure is not remembered. */
  async connect(): Promise<void> {
    this.assertOpen();
    await Promise.all([this.connection.openProducer(), this.connection.openReplies()]);
  }

  /** Fails the calls in flight with `closed`, sends what was handed over, disconnects. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.pending.failAll(closedError);
    await this.connection.close();
  }

  private async transmit({ kind, target, data, options }: Call, pending: PendingCall): Promise<void> {
    checkCallOptions(options);
    const { service, endpoint } = parseTarget(target);
    const headers = [
      ...headerEntries(this.listener.headersFor(target, data)),
      ...headerEntries(options.headers),
    ];
    const payload = this.options.serializer.serialize(data);
    this.assertOpen();
    await this.connection.openProducer();
    const replyTo = kind === 'request' ? await this.connection.openReplies() : undefined;
    // Given up or timed out in the meantime: nobody waits for it, so it does not leave.
    if (pending.isOver) return;
    const record = encodeRequest({
      kind,
      correlationId: pending.requestId,
      endpoint,
      replyTo,
      source: this.options.source,
      // A one-way call is to be run however late: its timeout is for the broker's acknowledgement alone.
      timeoutMs: kind === 'request' ? pending.remainingMs : undefined,
      headers,
      payload,
    });
    await this.connection.send(service, keyBytes(options.key), record);
  }

  private assertOpen(): void {
    if (this.closed) throw closedError();
  }
}

function nameOf(target: EndpointTarget): string {
  return typeof target === 'string' ? target : `${target?.service}${target?.endpoint}`;
}

function keyBytes(key: string | Buffer | undefined): Buffer | null {
  if (key === undefined) return null;
  return typeof key === 'string' ? Buffer.from(key, 'utf8') : key;
}

function closedError(): AsyncCallError {
  return new AsyncCallError('closed', 'The client was closed before the call was over.');
}
