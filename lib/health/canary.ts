import { type AnyTarget, AsyncCallsClient } from '../client/async-calls-client.js';
import type { CallOptions } from '../client/call-options.js';
import type { EndpointClient } from '../client/endpoint-client.js';
import type { Environment } from '../environment/environment.js';
import { messageOf } from '../errors/async-call-error.js';
import type { CanaryOptions } from './health-options.js';
import { type HealthReason, timeOf } from './health-reason.js';

/** Takes full addresses only: a client of `ClientsModule` may take them for patterns of the service that it is for. */
interface Addressing {
  to(this: AsyncCallsClient, target: AnyTarget, options: CallOptions): EndpointClient;
}

const addressing: Addressing = AsyncCallsClient.prototype;

/** For how long it is believed that a call is not answered. */
const FAILURE_HOLDS_MS = 1_000;

interface Outcome {
  /** On the clock that is never set back. */
  readonly at: number;
  /** Why the call was not answered; `undefined` if it was. */
  readonly reason: HealthReason | undefined;
}

/** Makes a call from time to time, however often it is asked, and remembers whether it was answered. */
export class Canary {
  private last: Outcome | undefined;
  private running: Promise<Outcome> | undefined;

  constructor(
    private readonly options: Required<CanaryOptions>,
    private readonly environment: Environment,
  ) {}

  /** Why the last call was not answered; makes another one if that is too long ago. Never rejects. */
  async reason(client: AsyncCallsClient): Promise<HealthReason | undefined> {
    const { last } = this;
    if (last && this.environment.uptime() - last.at < this.holdsMs(last)) return last.reason;
    this.running ??= this.call(client).finally(() => (this.running = undefined));
    return (await this.running).reason;
  }

  /** A failure not for long: the first call of a client connects it, which takes time that later ones do not need. */
  private holdsMs({ reason }: Outcome): number {
    const { intervalMs } = this.options;
    return reason ? Math.min(intervalMs, FAILURE_HOLDS_MS) : intervalMs;
  }

  private async call(client: AsyncCallsClient): Promise<Outcome> {
    const { target, data, timeoutMs } = this.options;
    const since = timeOf(this.environment.now());
    const reason = await new Promise<HealthReason | undefined>((resolve) => {
      const failed = (error: unknown) =>
        resolve({ since, why: `the canary call is not answered: ${messageOf(error)}` });
      try {
        addressing.to
          .call(client, target, { timeoutMs, inheritDeadline: false })
          .send(data)
          .subscribe({ complete: () => resolve(undefined), error: failed });
      } catch (error) {
        failed(error);
      }
    });
    return (this.last = { at: this.environment.uptime(), reason });
  }
}
