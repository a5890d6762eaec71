import { DecodeError } from '../../protocol/decode-error.js';
import { decodeRequest } from '../../protocol/request.js';
import type { Delivery, Failed, Handle, RequestDelivery } from '../delivery.js';

/** Hears of a record that is no request. */
export type OnUndecodable = (delivery: Delivery) => void;

/** Reads the record as a request; what is none has failed before its first attempt. */
export function decoded(onUndecodable: OnUndecodable, next: Handle<RequestDelivery>): Handle<Delivery> {
  return async (delivery) => {
    try {
      return await next({ ...delivery, request: decodeRequest(delivery.record, delivery.record.topic) });
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      onUndecodable(delivery);
      return undecodable(error, delivery);
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
