import type { SentMessage } from './sent-message.js';
import { textOf } from './text-of.js';

const MAX_VALUE_LENGTH = 120;
/** Ids that this library makes: they begin with the time, and so are others in each run. */
const MESSAGE_ID = /\b[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b/g;

/** What a message is, in a few words: `request to pizza/order`. */
export function nameOfMessage({ kind, from, to, endpoint = '', type, seq }: SentMessage): string {
  switch (kind) {
    case 'event':
      return `event in ${to}${type === undefined ? '' : ` of type ${type}`}`;
    case 'response':
    case 'end':
    case 'error':
      return `${kind} ${seq} of ${from}${endpoint} to ${to}`;
    case 'dead-letter':
      return `dead letter of ${to}${endpoint}`;
    case 'foreign':
      return `record in ${to}`;
    default:
      return `${kind} to ${to}${endpoint}`;
  }
}

/**
 * The conversation, one message a line: who, to whom, endpoint, kind, sequence, value. The same for each run of a test: ids in
 * messages of errors are numbered, `#1`, in the order in which they come.
 */
export function transcriptOf(messages: readonly SentMessage[]): string {
  const ids = new IdNumbers();
  const rows = messages.map((message) => rowOf(message, ids));
  const widths = [0, 1].map((column) => Math.max(0, ...rows.map((row) => row[column].length)));
  return rows
    .map(([who, what, value]) => `${who.padEnd(widths[0])}  ${what.padEnd(widths[1])}  ${value}`.trimEnd())
    .join('\n');
}

class IdNumbers {
  private readonly numbers = new Map<string, string>();

  in(text: string): string {
    return text.replaceAll(MESSAGE_ID, (id) => this.of(id));
  }

  private of(id: string): string {
    const number = this.numbers.get(id) ?? `#${this.numbers.size + 1}`;
    this.numbers.set(id, number);
    return number;
  }
}

function rowOf(message: SentMessage, ids: IdNumbers): [who: string, what: string, value: string] {
  const { from, to, kind, endpoint, type, seq } = message;
  const subject = endpoint ?? type;
  const what = [subject, seq === undefined ? kind : `${kind} ${seq}`].filter(Boolean).join(' ');
  return [`${from} -> ${to}`, what, contentOf(message, ids)];
}

function contentOf({ value, error }: SentMessage, ids: IdNumbers): string {
  if (error) return `${error.code}: ${ids.in(error.message)}`;
  return value === undefined ? '' : shortened(textOf(value));
}

function shortened(text: string): string {
  return text.length <= MAX_VALUE_LENGTH ? text : `${text.slice(0, MAX_VALUE_LENGTH)}…`;
}
