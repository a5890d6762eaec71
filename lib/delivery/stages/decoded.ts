import { DecodeError } from '../../protocol/decode-error.js';
import { decodeRequest } from '../../protocol/request.js';
import type { Delivery, Failed, Handle, RequestDelivery } from '../delivery.js';

/** Reads the record as a request; what is none has failed before its first attempt. */
export function decoded(next: Handle<RequestDelivery>): Handle<Delivery> {
  return async (delivery) => {
    try {
      return await next({ ...delivery, request: decodeRequest(delivery.record) });
    } catch (error) {
      if (error instanceof DecodeError) return undecodable(error, delivery);
      throw error;
    }
  };
}

function undecodable(error: DecodeError, { owner: { epoch } }: Delivery): Failed {
  const { answerable } = error;
  return {
    kind: 'failed',
    error,
    attempts: 0,
    answerTo: answerable && { ...answerable, epoch, attempt: 1, seq: 0 },
  };
}
