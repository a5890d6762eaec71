import { expect, it, jest } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import {
  AsyncCallsServer,
  AsyncEndpoint,
  type Broker,
  BrokerError,
  type FailurePolicy,
  type GroupConsumer,
  type GroupConsumerListener,
} from 'nestjs-async-calls';
import { lastValueFrom } from 'rxjs';
import { wrapBroker } from '../support/broker-wrapper.js';
import { describeOnBrokers } from '../support/brokers.js';
import { waitFor } from '../support/kafka.js';
import { startService } from '../support/services.js';

@Controller()
class EchoController {
  @AsyncEndpoint('/echo')
  echo(@Payload() value: unknown) {
    return value;
  }
}

interface Crashable {
  readonly listener: GroupConsumerListener;
  readonly consumer: GroupConsumer;
}

/** The broker, and its group consumers, each of which can be made to fail for good as a driver's may. */
function crashable(broker: Broker) {
  const consumers: Crashable[] = [];
  let refusals = 0;
  return {
    consumers,
    /** So many of the next ones cannot be started, as with a wrong ACL. */
    refuse: (times: number) => (refusals = times),
    broker: wrapBroker(broker, {
      createGroupConsumer: (identity, options) => {
        const consumer = broker.createGroupConsumer(identity, options);
        consumers.push({ listener: options.listener, consumer });
        if (refusals > 0) {
          refusals -= 1;
          const refusal = new BrokerError('authorization-failed', 'no');
          consumer.start = () => {
            options.listener.onState?.('failed', refusal);
            return Promise.reject(refusal);
          };
        }
        return consumer;
      },
    }),
  };
}

async function crash({ listener, consumer }: Crashable): Promise<void> {
  const lost = consumer.assignment();
  await consumer.close();
  listener.onLost?.(lost);
  listener.onState?.('failed', new BrokerError('internal', 'a fault of the driver', { fatal: true }));
}

describeOnBrokers('G10: a consumer that has failed for good', (newBroker) => {
  async function setUp(onFailure?: FailurePolicy) {
    const { broker, consumers, refuse } = crashable(newBroker());
    const { name, app } = await startService({
      broker,
      controllers: [EchoController],
      delivery: { onFailure },
    });
    const { client } = await startService({ broker });
    const states: string[] = [];
    app.get(AsyncCallsServer).status.subscribe((state) => states.push(state));
    const echo = (value: string) => lastValueFrom(client.send(`${name}/echo`, value));
    expect(await echo('before')).toBe('before');
    return { consumers, refuse, states, echo, app };
  }

  it('is replaced, with its subscriptions, and again if the new one fails', async () => {
    const { consumers, states, echo } = await setUp();
    await crash(consumers[0]);
    const during = echo('during');
    expect(await during).toBe('during');
    await crash(consumers[1]);
    expect(await echo('after')).toBe('after');
    expect(consumers).toHaveLength(3);
    expect(states).toEqual(expect.arrayContaining(['failed', 'starting', 'running']));
    await waitFor(() => states.at(-1) === 'running', { what: 'the service to run' });
  });

  it('is replaced by one consumer, however often that has to be tried', async () => {
    const { consumers, refuse, echo, app } = await setUp();
    refuse(2);
    await crash(consumers[0]);
    expect(await echo('after')).toBe('after');
    // The first one, two that could not be started, and the one that serves.
    expect(consumers).toHaveLength(4);
    const closed = consumers.map(({ consumer }) => jest.spyOn(consumer, 'close'));
    await app.close();
    expect(closed.map((close) => close.mock.calls.length)).toEqual([0, 0, 0, 1]);
  });

  it('is left alone, and seen in the status, where that is the policy', async () => {
    const { consumers, states } = await setUp('report');
    await crash(consumers[0]);
    await waitFor(() => states.at(-1) === 'failed', { what: 'the state' });
    expect(consumers).toHaveLength(1);
  });
});
