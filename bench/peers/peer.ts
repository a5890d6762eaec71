/** A way to call, as its own documentation recommends it; server and client run in processes of their own. */
export interface Peer {
  /** Resolves when the server serves. */
  startServer(brokers: string[]): Promise<void>;
  /** Resolves when calls can be made. */
  startClient(brokers: string[]): Promise<PeerClient>;
}

/** Makes the calls of a case. */
export interface PeerClient {
  /** One request, one response. */
  echo(value: unknown): Promise<unknown>;
  /** One request, so many responses. */
  stream(length: number): Promise<void>;
}

/** What both sides of every peer do. */
export const PAYLOAD = { text: 'x'.repeat(180) };
