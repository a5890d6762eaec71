import { AsyncCallError } from '../errors/async-call-error.js';
import { declareHandler, type HandlerExtras } from './declare-handler.js';
import { type AsyncEventOptions, eventFaults } from './event-options.js';

/** What the decorator leaves for the server, in Nest's `extras` of the handler. */
export interface EventExtras extends AsyncEventOptions, HandlerExtras {
  readonly kind: 'event';
  /** The topic's name without its prefix, or a pattern of such names. */
  readonly topic: string | RegExp;
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
export function AsyncEvent(topic: string | RegExp, options: AsyncEventOptions = {}): MethodDecorator {
  const where = `@AsyncEvent(${topic instanceof RegExp ? String(topic) : `'${topic}'`})`;
  const faults = eventFaults(where, topic, options);
  if (faults.length > 0) throw new AsyncCallError('invalid-argument', `${faults.join('; ')}.`);
  const { type, group } = options;
  // Nest hands it over by this text; no endpoint begins without a slash.
  const pattern = ['event', group ?? '', String(topic), type ?? ''].join(' ');
  return declareHandler<EventExtras>(pattern, { ...options, kind: 'event', topic }, where);
}
