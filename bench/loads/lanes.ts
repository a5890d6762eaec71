import type { PeerClient } from '../peers/peer.js';
import { type BenchRequest, checkAnswer } from '../peers/request.js';
import { abilityOf } from './ability.js';
import { callers, forSeconds } from './callers.js';
import type { LanesLoad, LoadResult } from './load.js';

// So that requests of one lane are under way together: else their order would be kept by waiting.
const TOGETHER = 4;

/** The server checks the order of each lane. */
export async function runLanes(client: PeerClient, load: LanesLoad): Promise<LoadResult> {
  const call = abilityOf(client, 'call');
  const places = new Map<string, number>();
  const callIn = async (lane: string, waitMs: number) => {
    const n = places.get(lane) ?? 0;
    places.set(lane, n + 1);
    const request: BenchRequest = { op: 'in-order', n, lane, waitMs };
    checkAnswer(await call(request), request);
  };
  let next = 0;
  let running = true;
  const { slow } = load;
  const slowLane =
    slow &&
    callers(
      slow.inFlight,
      () => running,
      () => callIn('slow', slow.waitMs),
    );
  const result = await callers(load.inFlight, forSeconds(load.seconds), () => {
    const lane = Math.floor(next / TOGETHER) % load.lanes;
    next += 1;
    return callIn(`lane-${lane}`, load.waitMs);
  }).finally(() => (running = false));
  await slowLane;
  return result;
}
