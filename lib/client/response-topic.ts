import type { Admin } from '../broker/admin.js';
import type { BrokerError } from '../broker/broker-error.js';
import { ensureTopic } from '../broker/ensure-topic.js';
import type { ClientOptions } from './client-options.js';

/** What makes sure of the topic of responses to handlers. */
export interface ResponseTopicOptions extends Pick<
  ClientOptions,
  'environment' | 'responseTopic' | 'createTopics'
> {
  readonly admin: Admin;
  /** Aborted when the client closes. */
  readonly closing: AbortSignal;
  readonly onUnavailable: (error: BrokerError) => void;
}

/** The topic that services write responses to which come to handlers: it has to exist before the first such call. */
export class ResponseTopic {
  private ensuring: Promise<void> | undefined;
  private isThere = false;

  constructor(private readonly options: ResponseTopicOptions) {}

  /** Whether it is known to exist. */
  get exists(): boolean {
    return this.isThere;
  }

  /** Resolves when it exists. A failure is not remembered: the next call tries again. */
  ensure(): Promise<void> {
    this.ensuring ??= this.create().catch((error: unknown) => {
      this.ensuring = undefined;
      throw error;
    });
    return this.ensuring;
  }

  private async create(): Promise<void> {
    const { environment, admin, responseTopic, createTopics, closing, onUnavailable } = this.options;
    await ensureTopic(admin, responseTopic, {
      environment,
      create: createTopics,
      signal: closing,
      onUnavailable,
    });
    this.isThere = true;
  }
}
