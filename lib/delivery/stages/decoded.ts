import type { ConsumerRecord } from '../../broker/record.js';
import { DecodeError } from '../../protocol/decode-error.js';
import type { IncomingRequest } from '../../protocol/request.js';
import type { Delivery, Failed, Handle, RequestDelivery } from '../delivery.js';

/** A delivery whose record is no request. */
export interface UndecodableDelivery extends Delivery {
  readonly failed: Failed;
}

/** Reads a record as something to handle. Throws only {@link DecodeError}. */
export type Decode = (record: ConsumerRecord) => IncomingRequest;

/** Reads the record; what cannot be read has failed before its first attempt, and goes another way. */
export function decoded(
  decode: Decode,
  next: Handle<RequestDelivery>,
  undecodable: Handle<UndecodableDelivery>,
): Handle<Delivery> {
  return (delivery) => {
    const request = requestOf(decode, delivery);
    return request instanceof DecodeError
      ? undecodable({ ...delivery, failed: failureOf(request, delivery) })
      : next(requestDelivery(delivery, request));
  };
}

/** Field by field: a spread costs microseconds here. */
function requestDelivery(
  { record, owner, withdrawal, intermission }: Delivery,
  request: IncomingRequest,
): RequestDelivery {
  return { record, owner, withdrawal, intermission, request };
}

function requestOf(decode: Decode, { record }: Delivery): IncomingRequest | DecodeError {
  try {
    return decode(record);
  } catch (error) {
    if (error instanceof DecodeError) return error;
    throw error;
  }
}

function failureOf(error: DecodeError, { owner: { epoch } }: Delivery): Failed {
  const { answerable } = error;
  return {
    kind: 'failed',
    error,
    attempts: 0,
    answerTo: answerable && { ...answerable, epoch, attempt: 1, seq: 0 },
  };
}
