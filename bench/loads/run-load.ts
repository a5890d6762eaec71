import type { PeerClient } from '../peers/peer.js';
import { runCalls } from './calls.js';
import { runEvents } from './events.js';
import { runLanes } from './lanes.js';
import type { Load, LoadResult } from './load.js';
import { runPending } from './pending.js';
import { runStreams } from './streams.js';

/** In the client's process. A wrong answer rejects. `held` says that a load waits for the server's release. */
export function runLoad(client: PeerClient, load: Load, held: () => void): Promise<LoadResult> {
  switch (load.kind) {
    case 'calls':
    case 'round-trips':
      return runCalls(client, load);
    case 'lanes':
      return runLanes(client, load);
    case 'streams':
      return runStreams(client, load);
    case 'events':
      return runEvents(client, load);
    case 'pending':
      return runPending(client, load, held);
  }
}
