import type { PeerClient } from '../peers/peer.js';

/** What the client can do by that name; the cases of a peer are chosen so that it can. */
export function abilityOf<K extends 'call' | 'stream' | 'emit' | 'roundTrip'>(
  client: PeerClient,
  name: K,
): NonNullable<PeerClient[K]> {
  const ability = client[name];
  if (!ability) throw new Error(`This peer has no ${name}; bench/peers.ts says that it has`);
  return ability;
}
