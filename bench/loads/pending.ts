import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { PeerClient } from '../peers/peer.js';
import { type BenchRequest, checkAnswer } from '../peers/request.js';
import { abilityOf } from './ability.js';
import { callers, times } from './callers.js';
import { type LoadResult, type PendingLoad, TEXT_BYTES, textOf } from './load.js';

const LOOK_EVERY_MS = 200;
const STEADY_SHARE = 0.005;
const PATIENCE_MS = 30_000;

/** What a pending call takes: the live memory with all of them pending, less that before, each when it is steady. */
export async function runPending(
  client: PeerClient,
  { count }: PendingLoad,
  held: () => void,
): Promise<LoadResult> {
  const call = abilityOf(client, 'call');
  const before = await steadyMemory();
  let next = 0;
  let answered = 0;
  const result = callers(count, times(count), async () => {
    const request: BenchRequest = { op: 'hold', n: next, text: textOf(TEXT_BYTES) };
    next += 1;
    checkAnswer(await call(request), request);
    answered += 1;
  });
  const pending = await steadyMemory();
  if (answered > 0) throw new Error(`${answered} calls were answered that were to be held`);
  held();
  return { ...(await result), bytesPerCall: (pending - before) / count };
}

async function steadyMemory(): Promise<number> {
  const end = performance.now() + PATIENCE_MS;
  let last = -1;
  for (let now = liveMemory(); performance.now() < end; now = liveMemory()) {
    if (Math.abs(now - last) < STEADY_SHARE * last) return now;
    last = now;
    await delay(LOOK_EVERY_MS);
  }
  throw new Error(`The memory of the client was not steady within ${PATIENCE_MS} ms`);
}

function liveMemory(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
