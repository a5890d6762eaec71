import type { Broker } from '../../../lib/broker/broker.js';
import { BrokerError } from '../../../lib/broker/broker-error.js';
import type {
  ConsumerState,
  GroupConsumerActivity,
  GroupConsumerOptions,
} from '../../../lib/broker/consumer.js';
import { type Deferred, deferred } from '../support/deferred.js';

/** A member of a group that starts, and fails, when the test says. */
export class ScriptedConsumer {
  /** What it has subscribed to, the latest last. */
  readonly subscriptions: (readonly string[])[];
  readonly started: Deferred<void> = deferred();
  closed = false;
  /** What it tells of itself. */
  activity: GroupConsumerActivity = { lastPolledAt: undefined, lastContactAt: undefined, joins: 0 };

  constructor(private readonly options: GroupConsumerOptions) {
    this.subscriptions = [options.topics];
  }

  get topics(): readonly string[] | undefined {
    return this.subscriptions.at(-1);
  }

  startOf(topic: string) {
    return this.options.startFrom(topic);
  }

  /** It is a settled member. */
  run(): void {
    this.tell('running');
    this.started.resolve();
  }

  /** It does not start. */
  refuse(error: BrokerError): void {
    this.tell('failed', error);
    this.started.reject(error);
  }

  /** As the contract says, this ends the wait for the start. */
  close(): void {
    this.closed = true;
    this.started.reject(new BrokerError('closed', 'The consumer was closed'));
  }

  tell(state: ConsumerState, error?: BrokerError): void {
    this.options.listener.onState?.(state, error);
  }
}

/** A broker whose group consumers do what the test says. */
export class ScriptedConsumers {
  readonly made: ScriptedConsumer[] = [];

  get latest(): ScriptedConsumer {
    return this.made.at(-1)!;
  }

  get broker(): Broker {
    const broker: Pick<Broker, 'createGroupConsumer'> = {
      createGroupConsumer: (_, options) => {
        const consumer = new ScriptedConsumer(options);
        this.made.push(consumer);
        return {
          start: () => consumer.started.promise,
          activity: () => consumer.activity,
          subscribe: (topics) => consumer.subscriptions.push(topics),
          close: async () => consumer.close(),
          assignment: () => [],
          commit: () => Promise.resolve(),
          pause: () => undefined,
          resume: () => undefined,
          seek: () => undefined,
        };
      },
    };
    return broker as Broker;
  }
}
