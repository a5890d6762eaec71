import type { SentMessage } from './sent-message.js';
import { textOf } from './text-of.js';

const MAX_VALUE_LENGTH = 120;

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

/** The conversation, one message a line: who, to whom, endpoint, kind, sequence, value. */
export function transcriptOf(messages: readonly SentMessage[]): string {
  const rows = messages.map(rowOf);
  const widths = [0, 1].map((column) => Math.max(0, ...rows.map((row) => row[column].length)));
  return rows
    .map(([who, what, value]) => `${who.padEnd(widths[0])}  ${what.padEnd(widths[1])}  ${value}`.trimEnd())
    .join('\n');
}

function rowOf(message: SentMessage): [who: string, what: string, value: string] {
  const { from, to, kind, endpoint, type, seq } = message;
  const subject = endpoint ?? type;
  const what = [subject, seq === undefined ? kind : `${kind} ${seq}`].filter(Boolean).join(' ');
  return [`${from} -> ${to}`, what, contentOf(message)];
}

function contentOf({ value, error }: SentMessage): string {
  if (error) return `${error.code}: ${error.message}`;
  return value === undefined ? '' : shortened(textOf(value));
}

function shortened(text: string): string {
  return text.length <= MAX_VALUE_LENGTH ? text : `${text.slice(0, MAX_VALUE_LENGTH)}…`;
}
