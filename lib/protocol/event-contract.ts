import type { Schema } from './schema.js';

/**
 * What publishers and subscribers of an event have agreed on. Made by {@link defineEvent}, in a file that they import.
 *
 * @typeParam Published - what a publisher gives
 * @typeParam Received - what a subscriber gets: what the schema makes of it
 */
export interface EventContract<in Published, out Received = Published> {
  /** The name of the events' topic, without its prefix. */
  readonly name: string;
  /** Which of the events of that name; absent if there is one type alone. */
  readonly type?: string;
  /** Checks each event, at the publisher and at the subscriber; absent for no check. */
  readonly schema?: Schema;
  /** Nothing at run time: it carries the types. */
  readonly '~types'?: (published: Published) => Received;
}

/** A contract of whatever types. */
export type AnyEventContract = EventContract<never, unknown>;

/** Whether it is a contract, and no other way to name events. */
export function isEventContract(topic: unknown): topic is AnyEventContract {
  return typeof topic === 'object' && topic !== null && 'name' in topic && typeof topic.name === 'string';
}
