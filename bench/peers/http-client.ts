import { Agent, request } from 'undici';
import type { PeerClient, Setting } from './peer.js';

// HTTP/1.1 takes a connection for each call that is under way; more than these wait in the client.
const CONNECTIONS = 100;

/** Calls by HTTP over connections that are kept alive. */
export async function startClient({ address }: Setting): Promise<PeerClient> {
  const dispatcher = new Agent({ connections: CONNECTIONS });
  return {
    call: async (body) => {
      const { statusCode, body: answer } = await request(`${address}/call`, {
        dispatcher,
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      if (statusCode !== 201) throw new Error(`HTTP ${statusCode}: ${await answer.text()}`);
      return answer.json();
    },
  };
}
