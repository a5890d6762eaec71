import { AsyncCallError } from '../errors/async-call-error.js';
import { declareHandler, type HandlerExtras } from './declare-handler.js';
import { type AnyEventContract, type EventContract, isEventContract } from '../protocol/event-contract.js';
import { type AsyncEventOptions, eventFaults } from './event-options.js';

/** How a service subscribes to the events of a contract, which says their type. */
export type ContractEventOptions = Omit<AsyncEventOptions, 'type'>;

/** A decorator for methods whose first parameter takes this. */
export type EventMethodDecorator<Data> = <R>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<(data: Data, ...rest: never[]) => R>,
) => void;

/** What the decorator leaves for the server, in Nest's `extras` of the handler. */
export interface EventExtras extends AsyncEventOptions, HandlerExtras {
  readonly kind: 'event';
  /** The topic's name without its prefix, or a pattern of such names. */
  readonly topic: string | RegExp;
  /** What the events are declared by; absent if that is their topic alone. */
  readonly contract?: AnyEventContract;
}

/**
 * Subscribes the service to the events of a topic: each event comes to one instance of the service, whatever else
 * subscribes to it elsewhere. A pattern subscribes to all topics whose names (without the prefix of the module's topics)
 * it matches, those that come into being later included.
 *
 * An event's offset is committed after its handler has ended. A handler that fails is tried again as an endpoint is, and
 * then the event is kept as a dead letter; events with one key wait for each other meanwhile. What a handler returns
 * goes to the publisher if that has asked for responses, else nowhere.
 *
 * With `batch` the method gets an array of the events' data, and as context an {@link AsyncEventBatchContext}: in the
 * order of their partitions, and of each key one at most. If it throws, all have failed.
 *
 * Throws `invalid-argument` for a name that no topic can have and for options that cannot be followed. At the start of
 * the application two handlers for the same events of one group are refused.
 */
export function AsyncEvent(topic: string | RegExp, options?: AsyncEventOptions): MethodDecorator;
/**
 * Subscribes to the events of a contract, which the compiler sees to: the method's first parameter takes what the
 * contract's schema makes of an event, or with `batch` an array of it. An event that the schema refuses has failed with
 * `bad-request` before any guard, pipe or handler sees it, and is kept as a dead letter.
 */
export function AsyncEvent<Received, const O extends ContractEventOptions = object>(
  contract: EventContract<never, Received>,
  options?: O,
): EventMethodDecorator<O extends { readonly batch: object } ? Received[] : Received>;
export function AsyncEvent(
  topic: string | RegExp | AnyEventContract,
  options: AsyncEventOptions = {},
): MethodDecorator {
  const contract = isEventContract(topic) ? topic : undefined;
  const subscribed = contract ? contract.name : (topic as string | RegExp);
  const where = `@AsyncEvent(${subscribed instanceof RegExp ? String(subscribed) : `'${subscribed}'`})`;
  const faults = [...eventFaults(where, subscribed, options), ...typeFaults(where, options, contract)];
  if (faults.length > 0) throw new AsyncCallError('invalid-argument', `${faults.join('; ')}.`);
  const { group } = options;
  const type = contract?.type ?? options.type;
  // Nest hands it over by this text; no endpoint begins without a slash.
  const pattern = ['event', group ?? '', String(subscribed), type ?? ''].join(' ');
  const extras = { ...options, type, kind: 'event', topic: subscribed, contract } as const;
  return declareHandler<EventExtras>(pattern, extras, where);
}

function typeFaults(
  where: string,
  options: AsyncEventOptions,
  contract: AnyEventContract | undefined,
): string[] {
  if (!contract || options?.type === undefined) return [];
  return [`${where} type: the contract names the type of its events: leave it out`];
}
