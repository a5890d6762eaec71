import { expect, it } from '@jest/globals';
import { Controller, type Type } from '@nestjs/common';
import { AsyncEndpoint, type Broker, type GroupConsumer } from 'nestjs-async-calls';
import { lastValueFrom, Subject, tap, toArray } from 'rxjs';
import { wrapBroker } from '../support/broker-wrapper.js';
import { describeOnBrokers } from '../support/brokers.js';
import { uniqueName, waitFor } from '../support/kafka.js';
import { startService } from '../support/services.js';

/** What one instance emits, when the test says. */
function streamOf(source: Subject<number>): Type {
  @Controller()
  class StreamController {
    @AsyncEndpoint('/stream')
    stream() {
      return source;
    }
  }
  return StreamController;
}

/** A broker whose group consumers lose their partitions without a word, as in a process that was stopped for long. */
function withZombies(broker: Broker): { broker: Broker; consumers: GroupConsumer[] } {
  const consumers: GroupConsumer[] = [];
  return {
    consumers,
    broker: wrapBroker(broker, {
      createGroupConsumer: (identity, { listener, ...options }) => {
        const deaf = { ...listener, onRevoked: undefined, onLost: undefined, onState: undefined };
        const consumer = broker.createGroupConsumer(identity, { ...options, listener: deaf });
        consumers.push(consumer);
        return consumer;
      },
    }),
  };
}

describeOnBrokers('G9: an instance that has lost its partition without knowing it', (newBroker) => {
  it('cannot take its streams back, nor commit', async () => {
    const broker = newBroker();
    const service = uniqueName('service');
    const topics = { requests: { partitions: 1 } };
    const zombie = withZombies(broker);
    const [early, late] = [new Subject<number>(), new Subject<number>()];
    const common = { service, topics };
    await startService({
      ...common,
      instance: 'zombie',
      broker: zombie.broker,
      controllers: [streamOf(early)],
      delivery: { commitIntervalMs: 20 },
    });
    const { client } = await startService({ broker });
    const seen: string[] = [];
    const call = lastValueFrom(
      client
        .to(`${service}/stream`)
        .responses<number>(undefined)
        .pipe(
          tap(({ instance, value }) => seen.push(`${instance} ${value}`)),
          toArray(),
        ),
    );
    await waitFor(() => early.observed, { what: 'the first delivery' });
    early.next(0);
    early.next(1);
    await waitFor(() => seen.length === 2, { what: 'its responses' });

    await zombie.consumers[0].close();
    await startService({ ...common, instance: 'owner', broker, controllers: [streamOf(late)] });
    await waitFor(() => late.observed, { what: 'the second delivery' });
    for (const value of [0, 1, 2]) late.next(value);
    await waitFor(() => seen.length === 3, { what: 'the response of the owner' });
    early.next(2);
    early.next(3);
    early.complete();
    late.next(3);
    late.complete();

    expect((await call).map(({ instance, value }) => [instance, value])).toEqual([
      ['zombie', 0],
      ['zombie', 1],
      ['owner', 2],
      ['owner', 3],
    ]);
    const admin = broker.createAdmin({ clientId: 'test' });
    const committed = async () => (await admin.fetchCommitted(service, [`${service}.requests`]))[0]?.offset;
    await waitFor(async () => (await committed()) === 1n, { what: 'the commit of the owner' });
    await admin.close();
  });
});
