import { inspect } from 'node:util';
import { AsyncCallError } from '../errors/async-call-error.js';

/** What {@link EventStream} sends by itself, so that no value can be taken for it. */
const RESERVED_TYPES = ['end', 'error'];

/** What stands beside the data of an event. */
export interface ServerSentEventOptions {
  /** What a browser sends back as `Last-Event-ID` when it connects again. Default: the event's place in the stream, from 0. */
  readonly id?: string;
  /** What clients listen to. Default `message`; `end` and `error` are reserved. */
  readonly type?: string;
}

/**
 * A value that an {@link EventStream} method emits to say more than the value: an id or a type of its own. Anything else
 * that it emits is the data of an event. As JSON it is its data alone.
 *
 * Throws `invalid-argument` for an id or type that cannot be sent.
 */
export class ServerSentEvent<T = unknown> {
  readonly id: string | undefined;
  readonly type: string | undefined;

  constructor(
    readonly data: T,
    { id, type }: ServerSentEventOptions = {},
  ) {
    assertField('id', id);
    assertField('type', type);
    if (type !== undefined && RESERVED_TYPES.includes(type)) {
      throw new AsyncCallError(
        'invalid-argument',
        `An event cannot have the type "${type}": that is what the stream says of itself. Choose another one.`,
      );
    }
    this.id = id;
    this.type = type;
  }

  toJSON(): T {
    return this.data;
  }
}

function assertField(name: string, value: string | undefined): void {
  if (value === undefined) return;
  // A NUL makes browsers pass over the id; an empty one takes the last id back.
  if (typeof value === 'string' && value !== '' && !/[\r\n\0]/.test(value)) return;
  throw new AsyncCallError(
    'invalid-argument',
    `${inspect(value)} is not the ${name} of an event: write a text of one line.`,
  );
}

/** What the wire says of an event. */
export interface EventFields {
  readonly id?: string;
  readonly type?: string;
  /** Milliseconds. */
  readonly retry?: number;
  /** In one line, as JSON is. */
  readonly data?: string;
}

/** One event of the format `text/event-stream`. Without data it is no event for a client, but its id and retry count. */
export function formatEvent({ id, type, retry, data }: EventFields): string {
  const lines = [
    ...(type === undefined ? [] : [`event: ${type}`]),
    ...(id === undefined ? [] : [`id: ${id}`]),
    ...(retry === undefined ? [] : [`retry: ${retry}`]),
    ...(data === undefined ? [] : [`data: ${data}`]),
  ];
  return `${lines.join('\n')}\n\n`;
}

/** A comment, which clients pass over. */
export const KEEP_ALIVE = ': keep-alive\n\n';

/** A value as JSON; `undefined`, which JSON does not know, as `null`. Throws what `JSON.stringify` throws. */
export function toJson(value: unknown): string {
  return JSON.stringify(value === undefined ? null : value);
}
