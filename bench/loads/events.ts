import type { PeerClient } from '../peers/peer.js';
import type { BenchRequest } from '../peers/request.js';
import { abilityOf } from './ability.js';
import { callers } from './callers.js';
import { type EventsLoad, type LoadResult, TEXT_BYTES, textOf } from './load.js';

/** Until all are sent; whether and when all were handled is for the server to say. */
export async function runEvents(
  client: PeerClient,
  { callers: callerCount, count }: EventsLoad,
): Promise<LoadResult> {
  const emit = abilityOf(client, 'emit');
  const { emitSize = 1 } = client;
  const text = textOf(TEXT_BYTES);
  const batch = Date.now();
  let next = 0;
  const take = () => {
    const size = Math.min(emitSize, count - next);
    const requests = Array.from({ length: size }, (_, index): BenchRequest => ({
      op: 'echo',
      n: next + index,
      text,
      batch,
    }));
    next += size;
    return requests;
  };
  const senders = Math.max(1, Math.floor(callerCount / emitSize));
  const sent = await callers(
    senders,
    () => next < count,
    async () => void (await emit(take())),
  );
  return { ...sent, answers: count };
}
