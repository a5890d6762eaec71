import { expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  AsyncCallContext,
  AsyncEndpoint,
  type Broker,
  BrokerError,
  type ProducerRecord,
} from 'nestjs-async-calls';
import { lastValueFrom, of, toArray } from 'rxjs';
import { interceptSends, wrapBroker } from '../support/broker-wrapper.js';
import { describeOnBrokers } from '../support/brokers.js';
import { uniqueName, waitFor } from '../support/kafka.js';
import { startService } from '../support/services.js';

const runs: string[] = [];

@Controller()
class WorkController {
  @AsyncEndpoint('/stream')
  stream(@Payload() mark: string, @Ctx() { attempt }: AsyncCallContext) {
    runs.push(`${mark} ${attempt}`);
    return of('a', 'b', 'c');
  }
}

const isResponse = ({ topic }: ProducerRecord) => topic.endsWith('.replies');

/** A broker on whose group consumers no commit and no end of a partition arrives: as if the process were killed. */
function killable(broker: Broker): Broker {
  return wrapBroker(broker, {
    createGroupConsumer: (identity, { listener, ...options }) => {
      const mute = { ...listener, onRevoked: undefined, onLost: undefined };
      const consumer = broker.createGroupConsumer(identity, { ...options, listener: mute });
      consumer.commit = () => new Promise(() => undefined);
      return consumer;
    },
  });
}

describeOnBrokers('G1: no request is lost', (newBroker) => {
  async function setUp(wrap: (broker: Broker) => Broker) {
    const broker = newBroker();
    const name = uniqueName('service');
    const options = {
      service: name,
      topics: { requests: { partitions: 1 } },
      delivery: { commitIntervalMs: 20 },
      controllers: [WorkController],
    };
    const { app } = await startService({ ...options, broker: wrap(broker) });
    const { client } = await startService({ broker });
    const mark = uniqueName('mark');
    const call = () => lastValueFrom(client.send(`${name}/stream`, mark).pipe(toArray()));
    const emit = () => lastValueFrom(client.emit(`${name}/stream`, mark));
    const committed = async () => {
      const admin = broker.createAdmin({ clientId: 'test' });
      const [{ offset }] = await admin.fetchCommitted(name, [`${name}.requests`]);
      await admin.close();
      return offset;
    };
    const runsOf = () => runs.filter((each) => each.startsWith(mark));
    return { broker, options, app, mark, call, emit, committed, runsOf };
  }

  it('its offset is committed when the broker has acknowledged every response, not before', async () => {
    let acknowledge = () => undefined as void;
    const { call, emit, committed } = await setUp((broker) =>
      interceptSends(broker, async (records, send) => {
        const results = await send(records);
        if (records.some(isResponse)) await new Promise<void>((resolve) => (acknowledge = resolve));
        return results;
      }),
    );
    expect(await call()).toEqual(['a', 'b', 'c']);
    // The caller has all of it. One that is done behind it is committed in the metadata alone.
    await emit();
    await waitFor(async () => (await committed()) === 0n, { what: 'a commit that does not pass it' });
    acknowledge();
    await waitFor(async () => (await committed()) === 2n, { what: 'the commit' });
  });

  it('a response that cannot be written means another delivery; the caller gets the whole stream', async () => {
    let failures = 2;
    const { mark, call, runsOf } = await setUp((broker) =>
      interceptSends(broker, (records, send) => {
        if (!records.some(isResponse) || failures === 0) return send(records);
        failures -= 1;
        const outage = new BrokerError('unavailable', 'no leader', { retriable: true });
        return Promise.resolve(records.map(() => outage));
      }),
    );
    expect(await call()).toEqual(['a', 'b', 'c']);
    expect(runsOf()).toEqual([`${mark} 1`, `${mark} 2`, `${mark} 3`]);
  });

  it('one whose commit was not made in time is run again by the next owner', async () => {
    const { broker, options, app, mark, call, committed, runsOf } = await setUp(killable);
    expect(await call()).toEqual(['a', 'b', 'c']);
    const killed = app.close();
    await startService({ ...options, broker });
    await waitFor(() => runsOf().length === 2, { what: 'the second run' });
    expect(runsOf()).toEqual([`${mark} 1`, `${mark} 1`]);
    await waitFor(async () => (await committed()) === 1n, { what: 'the commit' });
    await killed;
  });
});
