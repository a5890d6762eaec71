import type { PeerClient } from '../peers/peer.js';
import { type BenchRequest, checkAnswer } from '../peers/request.js';
import { callers, forSeconds } from './callers.js';
import { type CallsLoad, type LoadResult, textOf } from './load.js';
import { abilityOf } from './ability.js';

export function runCalls(client: PeerClient, load: CallsLoad): Promise<LoadResult> {
  const { kind, op, inFlight, seconds, waitMs } = load;
  const call = abilityOf(client, kind === 'calls' ? 'call' : 'roundTrip');
  const text = textOf(load.bytes);
  let next = 0;
  return callers(inFlight, forSeconds(seconds), async () => {
    const request: BenchRequest = { op, n: next, text, waitMs };
    next += 1;
    checkAnswer(await call(request), request);
  });
}
