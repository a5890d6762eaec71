import { encodeResponses } from './frames.js';
import { encodeNestResponse } from './nest/nest-response.js';
import { nestSerializer } from './nest/nest-value.js';
import type { ReplyForm } from './reply-address.js';
import type { FrameBody, ResponseHead } from './response.js';
import type { Serializer } from './serializer.js';
import type { KeyedRecord } from './wire-record.js';

/** How the values of responses in this form are written: where it is this protocol's own, by the service's serializer. */
export function serializerFor(form: ReplyForm | undefined, own: Serializer): Serializer {
  return form === 'nest' ? nestSerializer : own;
}

/**
 * The record of responses that follow each other, in the form that their caller reads. Another form than this protocol's
 * takes one response.
 */
export function encodeInForm(
  form: ReplyForm | undefined,
  head: ResponseHead,
  bodies: readonly FrameBody[],
): KeyedRecord {
  if (form === 'nest') return encodeNestResponse(head, bodies[0]);
  const { value, headers } = encodeResponses(head, bodies);
  return { key: null, value, headers };
}
