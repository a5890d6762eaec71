import { inspect } from 'node:util';
import type { EventContract } from '../protocol/event-contract.js';
import type { Schema } from '../protocol/schema.js';
import { assertNoFaults, optionalSchemaFault, partFaults } from './contract-faults.js';

/** What may be said of an event beside its name. */
export interface EventOptions<Published, Received = Published> {
  /** Tells the events of one name apart, e.g. `PizzaOrdered`. Default: there is one type alone. */
  readonly type?: string;
  /** Checks each event, at the publisher and at the subscriber. Default: no check. */
  readonly schema?: Schema<Published, Received>;
}

/** Kafka takes these characters for a topic; some of its 249 are left for a prefix. */
const EVENT_NAME = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,199}$/;

const FAULT_OF = { type: typeFault, schema: optionalSchemaFault };

/**
 * Defines an event for publishers and subscribers, in a file that they import. The type is that of the schema; without
 * one it can be given: `defineEvent<Pizza>('pizza')`. Throws `invalid-argument`, naming all that is wrong.
 */
export function defineEvent<Published = unknown, Received = Published>(
  name: string,
  options: EventOptions<Published, Received> = {},
): EventContract<Published, Received> {
  assertNoFaults(`defineEvent(${inspect(name)})`, [nameFault(name), ...partFaults(options, FAULT_OF)]);
  const { type, schema } = options;
  return Object.freeze({ name, type, schema });
}

function nameFault(name: unknown): string | undefined {
  if (typeof name === 'string' && EVENT_NAME.test(name)) return undefined;
  return (
    `${inspect(name)} is not a name of events: ` +
    'it has 1 to 200 letters, digits, ".", "_" and "-", and begins with a letter or digit'
  );
}

function typeFault(type: unknown): string | undefined {
  if (type === undefined || (typeof type === 'string' && type !== '')) return undefined;
  return `${inspect(type)} is not a type of events: write text that is not empty`;
}
