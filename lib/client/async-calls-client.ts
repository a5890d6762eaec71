import { inspect } from 'node:util';
import { Logger } from '@nestjs/common';
import { ClientProxy, type MsPattern, type ReadPacket, type WritePacket } from '@nestjs/microservices';
import { lastValueFrom, type Observable } from 'rxjs';
import type { Broker } from '../broker/broker.js';
import type { BrokerError } from '../broker/broker-error.js';
import type { ConsumerState } from '../broker/consumer.js';
import { OutageLog } from '../broker/outage-log.js';
import { StateChanges } from '../broker/state-changes.js';
import { AsyncCallError, messageOf } from '../errors/async-call-error.js';
import type { EndpointTarget } from '../protocol/endpoint-address.js';
import {
  type AnyEndpointContract,
  type EndpointContract,
  isEndpointContract,
} from '../protocol/endpoint-contract.js';
import { type AnyEventContract, type EventContract, isEventContract } from '../protocol/event-contract.js';
import type { HeadersInput } from '../protocol/message-headers.js';
import type { CallTarget } from './call-address.js';
import type { CallOptions } from './call-options.js';
import { Caller } from './caller.js';
import { isPatternTarget, type PatternTarget } from './pattern-target.js';
import { type AsyncCallsClientEvents, ClientEvents } from './client-events.js';
import type { ClientCounts } from './client-counts.js';
import type { ClientHealth } from './client-health.js';
import type { ClientOptions } from './client-options.js';
import type { ContractClient } from './contract-client.js';
import { EndpointClient } from './endpoint-client.js';
import { gather, gatherOfEvent } from './gather.js';
import type { Gathered, GatherEvent, GatherEventOptions, GatherOptions } from './gather-options.js';
import { sendOneWay } from './one-way.js';
import type { PublishOptions } from './publish-options.js';
import { replay, type ReplayOptions } from './replay.js';
import type { ReplayedEvent } from './replayed-event.js';

/** What calls are addressed to: an endpoint, by its name or its pattern, or a topic of Nest's own transport. */
export type AnyTarget = CallTarget | PatternTarget;

/** Nest wants a type for this, not an interface. */
type EventsMap = Pick<AsyncCallsClientEvents, keyof AsyncCallsClientEvents>;

/**
 * Calls endpoints of services: a Nest ClientProxy. Inject it by its class; {@link AsyncCallsModule} provides it.
 *
 * It connects at the first call, or by `connect()`. Any number of calls can be in flight. A call ends with the last
 * response, with a typed {@link AsyncCallError}, or with `timeout`: never in silence.
 */
export class AsyncCallsClient extends ClientProxy<EventsMap> {
  private readonly logger = new Logger('AsyncCallsClient');
  private readonly caller: Caller;
  private readonly events = new ClientEvents((fault) => this.logger.error(fault, 'A listener has failed'));
  private readonly states = new StateChanges((state, error) => this.stateChanged(state, error));
  private readonly outages: OutageLog;

  constructor(private readonly options: ClientOptions) {
    super();
    this.outages = new OutageLog(this.logger, options.environment);
    this.caller = new Caller(options, {
      headersFor: (target, data) => this.metadataOf(target, data),
      onUnobservedError: (error) => this.logger.error(error, 'A one-way call was not sent'),
      onState: (state, error) => this.states.report(state, error),
      onCancelLost: (error) =>
        this.logger.debug(`A service could not be told that a call was given up: ${messageOf(error)}`),
    });
  }

  /** Its state, and each that follows. */
  override get status(): Observable<ConsumerState> {
    // What the type of the class leaves open, so that it is one of Nest's clients.
    return super.status as Observable<ConsumerState>;
  }

  /** How many calls wait for responses. */
  get inFlight(): number {
    return this.caller.inFlight;
  }

  /** What this client has to do with now, and has had so far: a snapshot. */
  get counts(): ClientCounts {
    return this.caller.counts;
  }

  /** How it is: its connection and its reader of replies. A snapshot of what it knows by itself; it costs no request. */
  health(): ClientHealth {
    return this.caller.health;
  }

  /**
   * Resolves when calls can leave and their responses are read. Calls do it themselves; do it at the start of the
   * application to find faults early. While the broker cannot be reached it keeps trying, until `close`.
   * Rejects with what people have to repair; the next call tries again.
   */
  async connect(): Promise<void> {
    await this.caller.connect();
  }

  /**
   * Requests in flight fail with `closed`, and their services are told. One-way calls that were made are sent first, also if the client was not
   * connected yet: for that it waits 5 s at most. Those that are left then fail with `closed`, which is logged if
   * nobody has subscribed.
   */
  async close(): Promise<void> {
    await this.caller.close();
  }

  /**
   * Hears of an event from now on: `state` (the state, and the error if there is one) or `error` (the broker cannot be
   * reached, has refused this client, or the reader of replies has stopped). Throws `invalid-argument` for any other.
   */
  override on<E extends keyof EventsMap>(event: E, listener: EventsMap[E]): void {
    const { names } = this.events;
    if (names.includes(event)) return this.events.add(event, listener);
    throw new AsyncCallError(
      'invalid-argument',
      `The client has no event ${inspect(event)}. There are: ${names.join(', ')}.`,
    );
  }

  /** The broker that this client works with. */
  override unwrap<T = Broker>(): T {
    return this.options.broker as T;
  }

  /**
   * A client for one endpoint, with options for its calls: `client.to('service/endpoint', { key }).send(data)`. The endpoint
   * of a plain pattern is addressed as `{ service, pattern }` too, a handler that still runs on Nest's own Kafka transport as
   * `{ nestTopic }`.
   */
  to(target: AnyTarget, options?: CallOptions): EndpointClient;
  /** The same with the types and checks of a contract: `client.to(contract, { key }).send(data)`. */
  to<Req, Res>(
    contract: EndpointContract<Req, Res, unknown, never>,
    options?: CallOptions,
  ): ContractClient<Req, Res>;
  to(target: AnyTarget | AnyEndpointContract, options: CallOptions = {}): EndpointClient {
    return isEndpointContract(target)
      ? new EndpointClient(this.caller, target.address, options, target)
      : new EndpointClient(this.caller, this.asCallTarget(target), options);
  }

  /** {@link ContractClient.send} to the endpoint of a contract; see {@link defineEndpoint}. */
  call<Req, Res>(
    contract: EndpointContract<Req, Res, unknown, never>,
    data: NoInfer<Req>,
    options?: CallOptions,
  ): Observable<Res> {
    return this.to(contract, options).send(data);
  }

  /** {@link EndpointClient.send} to an endpoint, addressed as `service/endpoint` or `{ service, endpoint }`. */
  override send<TResult = unknown, TInput = unknown>(target: AnyTarget, data: TInput): Observable<TResult> {
    return this.to(target).send<TResult, TInput>(data);
  }

  /** {@link EndpointClient.emit} to an endpoint, addressed as `service/endpoint` or `{ service, endpoint }`. */
  override emit<TResult = void, TInput = unknown>(target: AnyTarget, data: TInput): Observable<TResult> {
    return this.to(target).emit(data) as Observable<TResult>;
  }

  /** Nest's own way to make a call; `send` does not come by here. */
  override publish(packet: ReadPacket, callback: (packet: WritePacket) => void): () => void;
  /**
   * Publishes an event of a contract. One that its schema refuses is not sent: it fails with `bad-request`, whose `details`
   * are the issues.
   */
  override publish<Published>(
    contract: EventContract<Published, unknown>,
    event: Published,
    options?: Omit<PublishOptions, 'type'>,
  ): Observable<void>;
  /**
   * Publishes an event: `publish('pizza', event, { key: '7' })`. It is sent at once, whether or not somebody subscribes.
   * The Observable emits `undefined` and completes when the broker has stored the event, which is then there for every
   * subscribing service, those of the future included; it fails with an {@link AsyncCallError}, which is logged if
   * nobody listens. A topic that does not exist is created, if `topics.create` allows it.
   */
  override publish<T>(topic: string, event: T, options?: PublishOptions): Observable<void>;
  override publish(
    subject: string | AnyEventContract | ReadPacket,
    data: unknown,
    options: PublishOptions = {},
  ): Observable<void> | (() => void) {
    if (isPacket(subject, data)) return this.callForNest(subject, data as (packet: WritePacket) => void);
    const contract = isEventContract(subject) ? subject : undefined;
    const target = contract
      ? { topic: contract.name, type: contract.type }
      : { topic: subject as string, type: options.type };
    return sendOneWay(this.caller, { target, data, options, contract });
  }

  /**
   * The events that were published to a topic, from a time on, without touching any group: nobody's progress changes,
   * and no handler is called. Those of one partition, and so of one key, come in their order; the partitions as they come.
   * It ends with the last event that was there when it began. Reading is held up by who iterates.
   *
   * The iteration fails with `unknown-topic`, `invalid-argument`, and with what people have to repair; while the broker cannot
   * be reached it keeps trying. Leaving the loop ends it.
   */
  replay<T = unknown>(topic: string, options: ReplayOptions = {}): AsyncIterable<ReplayedEvent<T>> {
    return replay<T>(this.options, topic, options);
  }

  /**
   * Asks several endpoints, `gather(['a/price', 'b/price'], data, { count: 2, withinMs: 500 })`, and passes on what they
   * answer as it comes: responses, failures, and at last the end with its reason and all that has come. One that fails does
   * not keep the others from answering. Calls that are not needed any more are given up, and their services told.
   *
   * It fails with `invalid-argument` for options that cannot be followed, and with what `when` throws.
   */
  gather<T = unknown>(
    targets: readonly EndpointTarget[],
    data: unknown,
    options?: GatherOptions<T>,
  ): Observable<Gathered<T>>;
  /**
   * Publishes an event, `gather({ event: 'offers-wanted' }, data, { withinMs: 500 })`, and passes on what the services answer
   * that have subscribed to it: what their `@AsyncEvent` methods return; those of batches do not answer. To all of them it
   * is an event like others. How many there are is not known, unless `expect` says so: it ends at the latest after `withinMs`.
   *
   * It fails as {@link publish} does if the event cannot be stored within that time.
   */
  gather<T = unknown>(
    event: GatherEvent,
    data: unknown,
    options?: GatherEventOptions<T>,
  ): Observable<Gathered<T>>;
  gather<T>(
    whom: readonly EndpointTarget[] | GatherEvent,
    data: unknown,
    options: GatherOptions<T> & GatherEventOptions<T> = {},
  ): Observable<Gathered<T>> {
    return isList(whom)
      ? gather(this.caller, whom, data, options)
      : gatherOfEvent(this.caller, whom, data, options);
  }

  private callForNest(packet: ReadPacket, callback: (packet: WritePacket) => void): () => void {
    const subscription = this.send(packet.pattern as AnyTarget, packet.data).subscribe({
      next: (response) => callback({ response }),
      error: (err: unknown) => callback({ err }),
      complete: () => callback({ isDisposed: true }),
    });
    return () => subscription.unsubscribe();
  }

  /** Nest's own way to send a one-way call; `emit` does not come by here. */
  protected override dispatchEvent<T = void>(packet: ReadPacket): Promise<T> {
    return lastValueFrom(this.emit<T>(packet.pattern as AnyTarget, packet.data));
  }

  /** Nest names the endpoint of a pattern: it does the same for the server. */
  private asCallTarget(target: AnyTarget): CallTarget {
    if (!isPatternTarget(target)) return target;
    return { service: target.service, endpoint: this.normalizePattern(target.pattern as MsPattern) };
  }

  private stateChanged(state: ConsumerState, error?: BrokerError): void {
    this._status$.next(state);
    this.events.stateChanged(state, error);
    this.outages.stateChanged(state, error);
    if (state === 'failed') this.logger.error(error, 'The client cannot be used; the next call tries again');
  }

  /** What Nest's dispatch hook (12 and later) attaches to a packet travels as headers. */
  private metadataOf(pattern: CallTarget, data: unknown): HeadersInput | undefined {
    if (!this.onDispatchHook) return undefined;
    const packet: ReadPacket & { metadata?: HeadersInput } = { pattern, data };
    this.onDispatchHook(packet);
    return packet.metadata;
  }
}

/** Nest calls by a packet and a callback; a topic's name is no packet. */
function isPacket(subject: unknown, callback: unknown): subject is ReadPacket {
  return (
    typeof subject === 'object' && subject !== null && 'pattern' in subject && typeof callback === 'function'
  );
}

/** `Array.isArray` does not know of read-only ones. */
function isList<T>(value: readonly T[] | object): value is readonly T[] {
  return Array.isArray(value);
}
