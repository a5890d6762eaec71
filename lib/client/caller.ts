import type { BrokerError } from '../broker/broker-error.js';
import { StateHistory } from '../broker/state-history.js';
import { within } from '../broker/within.js';
import type { Environment } from '../environment/environment.js';
import { AsyncCallError } from '../errors/async-call-error.js';
import { checkEvent, checkIncomingResponse, checkRequest } from '../protocol/contract-checks.js';
import { type AnyEndpointContract, isEndpointContract } from '../protocol/endpoint-contract.js';
import type { AnyEventContract } from '../protocol/event-contract.js';
import { headerEntries, type HeaderEntry, type HeadersInput } from '../protocol/message-headers.js';
import { NestResponseReader } from '../protocol/nest/nest-response.js';
import { type NestPayload, nestSerializer } from '../protocol/nest/nest-value.js';
import { EVENT, type RequestKind } from '../protocol/request.js';
import { serialize, type Serializer } from '../protocol/serializer.js';
import { CallAddresses, type CallTarget, isEventTarget, isNestTopic, nameOf } from './call-address.js';
import { handlerOutOfTime } from './call-failures.js';
import { type CallLimits, oneWayLimits, requestLimits } from './call-limits.js';
import { type CallOptions, checkCallOptions } from './call-options.js';
import type { ClientCounts } from './client-counts.js';
import type { ClientHealth } from './client-health.js';
import { ClientConnection } from './client-connection.js';
import type { ClientOptions } from './client-options.js';
import { GatheringCall, type SourcesObserver } from './gathering-call.js';
import { handlersAddress } from './handled-call.js';
import { OutgoingCall, type PreparedRequest } from './outgoing-call.js';
import { type CallObserver, PendingCall, type PendingCallOptions } from './pending-call.js';
import { PendingCalls } from './pending-calls.js';
import { checkPublishOptions, type PublishOptions } from './publish-options.js';
import type { ReplyListener } from './reply-reader.js';
import { ReplyRouter } from './reply-router.js';
import { MessageIds } from '../protocol/message-ids.js';

/** How long `close` waits for one-way calls: what an orderly shutdown can spare, and most outages of a leader take. */
export const CLOSE_GRACE_MS = 5_000;

const NO_HEADERS: readonly HeaderEntry[] = [];

/** What is sent where, and how. */
export interface Call {
  readonly kind: RequestKind;
  readonly target: CallTarget;
  readonly data: unknown;
  readonly options: CallOptions & PublishOptions;
  /** What the target has a contract about; absent if there is none. */
  readonly contract?: AnyEndpointContract | AnyEventContract;
}

/** What a caller asks of the client it works for. */
export interface CallerListener extends Pick<ReplyListener, 'onState'> {
  /** A one-way call has failed, and nobody has subscribed to it. */
  onUnobservedError(error: unknown): void;
  /** Headers that are added to a call, e.g. by instrumentation. */
  headersFor(target: CallTarget, data: unknown): HeadersInput | undefined;
  /** A request was given up, and its service could not be told. */
  onCancelLost(error: unknown): void;
}

/** Makes calls and keeps them until they are over. */
export class Caller {
  private readonly ids = new MessageIds(this.options.environment);
  private readonly requests = new PendingCalls();
  private readonly oneWayCalls = new PendingCalls();
  private readonly replies = new ReplyRouter(this.ids, this.requests);
  private readonly connection: ClientConnection;
  private readonly addresses: CallAddresses;
  private readonly lastTrouble = () => this.connection.lastTrouble;
  private states: StateHistory | undefined;
  private isClosed = false;
  private closing: Promise<void> | undefined;

  constructor(
    private readonly options: ClientOptions,
    /** Whom to tell what no call can be told. */
    readonly listener: CallerListener,
  ) {
    this.addresses = new CallAddresses(options);
    this.connection = new ClientConnection(options, {
      onReply: (record) => this.replies.route(record),
      onState: (state, error) => {
        this.states ??= new StateHistory(options.environment);
        this.states.report(state, error);
        listener.onState(state, error);
      },
      onCancelLost: (error) => listener.onCancelLost(error),
      // Those that have not left yet get the next reader's address.
      onLost: (why) => this.requests.failAll((call) => (call.hasLeft ? repliesLost(why) : undefined)),
    });
  }

  /** The time and the chance of its calls. */
  get environment(): Environment {
    return this.options.environment;
  }

  /** How many calls wait for responses. */
  get inFlight(): number {
    return this.requests.size;
  }

  /** See {@link AsyncCallsClient.health}. */
  get health(): ClientHealth {
    const { service, source } = this.options;
    const { inFlight, isClosed, connection } = this;
    return {
      service,
      source,
      connection: this.states?.health,
      replies: connection.replies,
      inFlight,
      isClosed,
    };
  }

  /** See {@link AsyncCallsClient.counts}. */
  get counts(): ClientCounts {
    const { requests, oneWayCalls, replies, connection } = this;
    return {
      pendingRequests: requests.size,
      pendingOneWayCalls: oneWayCalls.size,
      lateResponses: replies.late,
      foreignResponses: replies.foreign,
      cancelsWritten: connection.cancels.written,
      cancelsLost: connection.cancels.lost,
    };
  }

  /**
   * Sends a call and tells its observer what comes of it; a one-way call completes when the broker has stored
   * it. All that goes wrong goes to the observer, after this has returned. Calls of one service leave in the order
   * of their starts. What the call is made for is known by the code that runs now: see {@link CallOptions.inheritDeadline}.
   */
  start(call: Call, observer: CallObserver): PendingCall {
    const options = this.pendingOptions(call, observer);
    const pending = new PendingCall(options);
    this.begin(call, pending, options.limits);
    return pending;
  }

  /** The same for an event that several services answer: each of their streams goes to the sources' observer. */
  startGathering(call: Call, observer: CallObserver, sources: SourcesObserver): PendingCall {
    const options = this.pendingOptions(call, observer);
    const pending = new GatheringCall(options, sources);
    this.begin(call, pending, options.limits);
    return pending;
  }

  private pendingOptions(call: Call, observer: CallObserver): PendingCallOptions {
    const { environment } = this;
    const limitsOf = call.kind === 'request' ? requestLimits : oneWayLimits;
    return {
      environment,
      requestId: this.ids.next(),
      kind: call.kind,
      target: nameOf(call.target),
      limits: limitsOf(call.options, this.options, environment),
      onRedelivery: call.options.onRedelivery ?? this.options.onRedelivery,
      serializer: this.serializerFor(call.target),
      read: isNestTopic(call.target) ? nestReader() : undefined,
      check: responseCheckOf(call.contract),
      observer,
      lastTrouble: this.lastTrouble,
    };
  }

  private begin(call: Call, pending: PendingCall, limits: CallLimits): void {
    try {
      if (isEventTarget(call.target)) checkPublishOptions(call.options);
      else checkCallOptions(call.options);
      this.assertOpen();
      this.assertRoom();
      if (limits.isInherited && limits.timeoutMs <= 0) throw handlerOutOfTime(nameOf(call.target));
      (call.kind === 'request' ? this.requests : this.oneWayCalls).add(pending);
      this.options.onCall?.(pending, this.options.service);
      if (call.contract) this.transmitChecked(call, call.contract, pending);
      else this.transmit(call, pending);
    } catch (error) {
      // Not before the caller could subscribe. Not in this turn once the client is closed: an Observable that is retried
      // without end would leave the event loop to nobody.
      const fail = () => pending.fail(error);
      if (this.isClosed) this.environment.setImmediate(fail);
      else queueMicrotask(fail);
    }
  }

  /** Resolves when requests can be sent and replies are read. A failure is not remembered. */
  async connect(): Promise<void> {
    this.assertOpen();
    await Promise.all([this.connection.openProducer(), this.connection.openReplies()]).catch(
      (error: unknown) => {
        this.assertOpen();
        throw error;
      },
    );
  }

  /**
   * Fails the requests in flight with `closed`, and disconnects when their cancels were written and the one-way calls
   * that were made are over. For that it waits 5 s at most; those that are left then fail with `closed` too.
   */
  close(): Promise<void> {
    this.isClosed = true;
    this.closing ??= this.finish();
    return this.closing;
  }

  private async finish(): Promise<void> {
    const { environment } = this;
    const endsAt = environment.now() + CLOSE_GRACE_MS;
    this.requests.closeAll();
    await within(environment, CLOSE_GRACE_MS, this.oneWayCalls.allOver());
    this.oneWayCalls.closeAll();
    await this.connection.close(endsAt - environment.now());
  }

  /** Sends what the caller gave, not what the schema makes of it: the service's schema takes the former. */
  private transmitChecked(call: Call, contract: NonNullable<Call['contract']>, pending: PendingCall): void {
    const { data } = call;
    const checking = isEndpointContract(contract) ? checkRequest(contract, data) : checkEvent(contract, data);
    const transmit = () => this.transmit(call, pending);
    if (checking instanceof Promise) pending.whenChecked(checking, transmit);
    else transmit();
  }

  private transmit({ kind, target, data, options }: Call, pending: PendingCall): void {
    const { destination, endpoint, type, of } = this.addresses.of(target);
    const handlers = of && handlersAddress(kind, options, of, this.options.responseTopic.topic);
    const headers = allEntries(this.listener.headersFor(target, data), options.headers);
    const payload: NestPayload = serialize(this.serializerFor(target), data);
    const { source } = this.options;
    const expectsReplies = kind === 'request';
    const request: PreparedRequest = {
      kind: isEventTarget(target) ? EVENT : kind,
      correlationId: pending.requestId,
      endpoint,
      type,
      handlers,
      isForNest: isNestTopic(target),
      source,
      acceptsFrames: expectsReplies && this.options.frames,
      headers,
      payload,
    };
    const key = keyBytes(options.key) ?? payload.key ?? null;
    this.connection.send(destination, new OutgoingCall(pending, key, expectsReplies, request));
  }

  private serializerFor(target: CallTarget): Serializer {
    return isNestTopic(target) ? nestSerializer : this.options.serializer;
  }

  private assertOpen(): void {
    if (this.isClosed) throw closedError();
  }

  private assertRoom(): void {
    const { maxPending } = this.options;
    if (this.requests.size + this.oneWayCalls.size >= maxPending) throw tooManyPending(maxPending);
  }
}

function responseCheckOf(contract: Call['contract']): PendingCallOptions['check'] {
  if (!contract || !isEndpointContract(contract) || !contract.response) return undefined;
  return (value) => checkIncomingResponse(contract, value);
}

function nestReader(): PendingCallOptions['read'] {
  const reader = new NestResponseReader();
  return (record) => reader.read(record);
}

function allEntries(added?: HeadersInput, own?: HeadersInput): readonly HeaderEntry[] {
  if (!added) return own ? headerEntries(own) : NO_HEADERS;
  return [...headerEntries(added), ...headerEntries(own)];
}

function keyBytes(key: string | Buffer | undefined): Buffer | null {
  if (key === undefined) return null;
  return typeof key === 'string' ? Buffer.from(key, 'utf8') : key;
}

function closedError(): AsyncCallError {
  return new AsyncCallError('closed', 'The client was closed before the call was over.');
}

function tooManyPending(maxPending: number): AsyncCallError {
  return new AsyncCallError(
    'overloaded',
    `The call was not made: ${maxPending} calls of this client are pending, as many as calls.maxPending allows. ` +
      'Make fewer at once, give them shorter timeouts, or raise the option.',
  );
}

function repliesLost(cause: BrokerError | undefined): AsyncCallError {
  const why = cause ? ` (${cause.message})` : '';
  return new AsyncCallError(
    'unavailable',
    `The reader of replies has stopped${why}. The request may have been served, but its responses are not ` +
      'received. The next call starts a new reader.',
    { cause },
  );
}
