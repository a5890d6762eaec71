/**
 * What a case may need of a peer. `hold`: very many calls pending at once; `order`: requests with keys; `share`:
 * several servers that share the requests, each with a setting for how many it handles at once; `kafka`: whatever
 * needs a broker.
 */
export type Ability = 'call' | 'hold' | 'order' | 'stream' | 'emit' | 'share' | 'kafka' | 'round-trip';

export interface PeerInfo {
  readonly does: readonly Ability[];
  /** What has to be there. */
  readonly over: 'kafka' | 'nats' | 'http';
  /**
   * Whether it promises the order of a key, and that a request is handled once while nothing fails: then a run that sees
   * something else fails. Of the others it is reported.
   */
  readonly keepsItsWord?: boolean;
}

export const OURS = 'async-calls';

/** By the name of its file in `peers/`. */
export const PEERS: Readonly<Record<string, PeerInfo>> = {
  [OURS]: {
    does: ['call', 'hold', 'order', 'stream', 'emit', 'share', 'kafka'],
    over: 'kafka',
    keepsItsWord: true,
  },
  'nest-kafka': { does: ['call', 'hold', 'order', 'stream', 'emit', 'share', 'kafka'], over: 'kafka' },
  kafkajs: { does: ['call', 'hold', 'order', 'emit', 'kafka', 'round-trip'], over: 'kafka' },
  'kafkajs-bulk': { does: ['emit', 'kafka'], over: 'kafka' },
  'nest-http-express': { does: ['call'], over: 'http' },
  'nest-http-fastify': { does: ['call'], over: 'http' },
  'nest-nats': { does: ['call', 'hold', 'stream', 'emit'], over: 'nats' },
};
