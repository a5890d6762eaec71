import type { Admin, TopicSpec } from './admin.js';
import { BrokerError } from './broker-error.js';
import { type RetryOptions, retryUntilReachable } from './retry.js';

/** How a topic is made sure of. */
export interface EnsureTopicOptions extends RetryOptions {
  /** Whether it may be created if it is missing. */
  readonly create: boolean;
}

/**
 * Resolves when the topic exists, however long the broker takes to come up. Rejects with `unknown-topic`
 * if it is missing and may not be created, and with what else stands in the way.
 */
export async function ensureTopic(admin: Admin, spec: TopicSpec, options: EnsureTopicOptions): Promise<void> {
  await retryUntilReachable(async () => {
    const [existing] = await admin.describeTopics([spec.topic]);
    if (existing) return;
    if (options.create) return admin.createTopics([spec]);
    throw new BrokerError(
      'unknown-topic',
      `The topic "${spec.topic}" does not exist, and the option topics.create is false. ` +
        `Create it with ${spec.partitions} partitions, or let topics.create be true.`,
    );
  }, options);
}
