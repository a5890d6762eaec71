import { inspect } from 'node:util';
import { AsyncCallError } from '../errors/async-call-error.js';
import { isProtocolHeader, isReservedHeader } from './header-names.js';

/** A header as it stands on a record. */
export type HeaderEntry = readonly [name: string, value: Buffer];

/** What one header may be set to: text (sent as UTF-8), bytes, or several of them. */
export type HeaderValue = string | Buffer | readonly (string | Buffer)[];

/** Headers to send, by name. Names that begin with `ac-` or `kafka_`, and `content-type`, are reserved. */
export type HeadersInput = Readonly<Record<string, HeaderValue>>;

/**
 * The users' headers of a message: those that are not the protocol's own, unchanged. Names are
 * case-sensitive, as they are in Kafka, and may come more than once.
 */
export class MessageHeaders implements Iterable<HeaderEntry> {
  private users: readonly HeaderEntry[] | undefined;

  private constructor(private readonly all: readonly HeaderEntry[]) {}

  /** The users' headers among all those of a record. */
  static ofRecord(entries: readonly HeaderEntry[]): MessageHeaders {
    return new MessageHeaders(entries);
  }

  /** Most messages are never asked for theirs. */
  private get entries(): readonly HeaderEntry[] {
    return (this.users ??= this.all.filter(([name]) => !isProtocolHeader(name)));
  }

  /** The first value of the header as text; `undefined` if there is none. */
  get(name: string): string | undefined {
    return this.getBytes(name)?.toString('utf8');
  }

  /** Every value of the header as text, in the order they were sent. */
  getAll(name: string): string[] {
    return this.entries.filter((entry) => entry[0] === name).map((entry) => entry[1].toString('utf8'));
  }

  /** The bytes of the header's first value; `undefined` if there is none. */
  getBytes(name: string): Buffer | undefined {
    return this.entries.find((entry) => entry[0] === name)?.[1];
  }

  /** Whether the header is there, even if it is empty. */
  has(name: string): boolean {
    return this.getBytes(name) !== undefined;
  }

  [Symbol.iterator](): Iterator<HeaderEntry> {
    return this.entries[Symbol.iterator]();
  }
}

/**
 * The entries for headers that a user wants to send.
 * Throws an `invalid-argument` error for a reserved name or a value that is neither text nor bytes.
 */
export function headerEntries(headers: HeadersInput = {}): HeaderEntry[] {
  return Object.entries(headers).flatMap(([name, value]) => {
    if (name === '' || isReservedHeader(name)) {
      throw new AsyncCallError(
        'invalid-argument',
        `The header name ${JSON.stringify(name)} is reserved. Choose one that is not empty, is not "content-type" ` +
          'and does not begin with "ac-" or "kafka_".',
      );
    }
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    return values.map((each): HeaderEntry => [name, headerBytes(name, each)]);
  });
}

function headerBytes(name: string, value: unknown): Buffer {
  if (typeof value === 'string') return Buffer.from(value, 'utf8');
  if (Buffer.isBuffer(value)) return value;
  throw new AsyncCallError(
    'invalid-argument',
    `The header ${JSON.stringify(name)} is ${inspect(value)}. ` +
      'A header is a string, a Buffer, or an array of them.',
  );
}
