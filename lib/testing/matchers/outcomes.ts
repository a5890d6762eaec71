import type { AsyncCallError } from '../../errors/async-call-error.js';
import type { Handled } from '../deliveries.js';
import type { TestedResponse } from '../test-client.js';
import { textOf } from '../text-of.js';

export const RESPONSES = 'what `await tester.call(…)` gives';
export const HANDLED = 'what `await tester.emit(…)` or `await tester.publish(…)` gives';

/** What comes of a call. */
export function isResponses(value: unknown): value is readonly TestedResponse[] {
  return Array.isArray(value) && value.every(isResponse);
}

/** What comes of a one-way call, or of an event in each group; as a list. */
export function handledIn(value: unknown): readonly Handled[] | undefined {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.every(isHandled) ? list : undefined;
}

/** A response in a line, by its place in the stream. */
export function lineOfResponse(response: TestedResponse): string {
  if (response.kind === 'failure') return `failed: ${textOfError(response.error)}`;
  return `${response.seq}  ${textOf(response.value)}`;
}

/** What has become of a message in a group, in a line. */
export function lineOfHandled({ group, as, error }: Handled): string {
  return `${group}: ${AS[as]}${error ? `, ${textOfError(error)}` : ''}`;
}

function textOfError({ code, statusCode, message }: AsyncCallError): string {
  return `${code} (${statusCode}): ${message}`;
}

const AS: { readonly [as in Handled['as']]: string } = {
  served: 'served',
  failed: 'failed',
  expired: 'not served, its time was over',
  cancelled: 'not served, it was given up',
  duplicate: 'not served, it was there before',
  passedOver: 'not served, no handler wants it',
};

function isResponse(value: unknown): value is TestedResponse {
  const { kind } = (value ?? {}) as Partial<TestedResponse>;
  return kind === 'response' || kind === 'failure';
}

function isHandled(value: unknown): value is Handled {
  const { group, as } = (value ?? {}) as Partial<Handled>;
  return typeof group === 'string' && as !== undefined && Object.hasOwn(AS, as);
}
