import { isDeepStrictEqual } from 'node:util';
import { normalizeEndpoint } from '../protocol/endpoint-address.js';
import type { SentMessage } from './sent-message.js';

/** Which messages are meant: those that are equal in all that is given. */
export type SentFilter = Partial<Pick<SentMessage, 'kind' | 'from' | 'to' | 'endpoint' | 'type' | 'value'>>;

/** Whether the message is one of those that are meant. */
export function matches(message: SentMessage, { endpoint, ...wanted }: SentFilter): boolean {
  if (endpoint !== undefined && message.endpoint !== normalizeEndpoint(endpoint)) return false;
  return Object.entries(wanted).every(
    ([name, value]) => value === undefined || isDeepStrictEqual(message[name as keyof SentMessage], value),
  );
}
