import { isDeepStrictEqual } from 'node:util';
import { normalizeEndpoint } from '../protocol/endpoint-address.js';
import type { SentMessage } from './sent-message.js';

/** Which messages are meant: those that are equal in all that is given. */
export type SentFilter = Partial<Pick<SentMessage, 'kind' | 'from' | 'to' | 'endpoint' | 'type' | 'value'>>;

/** Fields of a message, and what is wanted of each. */
export type WantedFields = readonly (readonly [field: keyof SentFilter, wanted: unknown])[];

/** Whether the message is one of those that are meant. */
export function matches(message: SentMessage, which: SentFilter): boolean {
  return wantedFields(which).every(([field, wanted]) => isDeepStrictEqual(message[field], wanted));
}

/** What is given, without the fields that say nothing, the endpoint as it is on a message. */
export function wantedFields(which: { readonly [F in keyof SentFilter]: unknown }): WantedFields {
  return (Object.entries(which) as [keyof SentFilter, unknown][])
    .filter(([, wanted]) => wanted !== undefined)
    .map(([field, wanted]) => [field, isEndpoint(field, wanted) ? normalizeEndpoint(wanted) : wanted]);
}

function isEndpoint(field: keyof SentFilter, wanted: unknown): wanted is string {
  return field === 'endpoint' && typeof wanted === 'string';
}
