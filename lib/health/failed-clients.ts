import type { AsyncCallsClient } from '../client/async-calls-client.js';
import type { ClientHealth } from '../client/client-health.js';
import type { Environment } from '../environment/environment.js';

/** Between two attempts, at least. */
const INTERVAL_MS = 5_000;

/**
 * Lets clients that have failed begin anew. Their next call would do that; but while they are not ready nobody may make one.
 */
export class FailedClients {
  private readonly triedAt = new Map<AsyncCallsClient, number>();

  constructor(private readonly environment: Environment) {}

  /** Tries to connect it if it has failed, however often it is asked for that, from time to time. Waits for nothing. */
  revive(client: AsyncCallsClient, { connection, isClosed }: ClientHealth): void {
    if (connection?.state !== 'failed' || isClosed) return;
    const now = this.environment.uptime();
    if (now - (this.triedAt.get(client) ?? Number.NEGATIVE_INFINITY) < INTERVAL_MS) return;
    this.triedAt.set(client, now);
    // What comes of it the client tells as its state.
    client.connect().catch(() => undefined);
  }
}
