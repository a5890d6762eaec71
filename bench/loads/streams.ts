import type { PeerClient } from '../peers/peer.js';
import type { StreamItem } from '../peers/request.js';
import { abilityOf } from './ability.js';
import { callers, times } from './callers.js';
import type { LoadResult, StreamsLoad } from './load.js';

/** Each stream has to come whole and in order. */
export async function runStreams(client: PeerClient, load: StreamsLoad): Promise<LoadResult> {
  const stream = abilityOf(client, 'stream');
  const { op, inFlight, calls, length } = load;
  let n = 0;
  const result = await callers(inFlight, times(calls), async () => {
    let expected = 0;
    n += 1;
    await stream({ op, n, length }, (item) => {
      if ((item as StreamItem | null)?.seq !== expected)
        throw new Error(`A stream has ${JSON.stringify(item)} in place ${expected}`);
      expected += 1;
    });
    if (expected !== length) throw new Error(`A stream has ended after ${expected} of ${length} responses`);
  });
  return { ...result, answers: calls * length };
}
