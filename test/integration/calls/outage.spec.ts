import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { AsyncEndpoint } from 'nestjs-async-calls';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import { firstValueFrom, lastValueFrom, Subject, toArray } from 'rxjs';
import { type Cluster, startCluster } from '../../../tools/kafka/cluster.mjs';
import { describeOnKafka, waitFor } from '../../support/kafka.js';
import { startService } from '../../support/services.js';

jest.setTimeout(120_000);

const opened = new Subject<void>();

@Controller()
class HeldController {
  @AsyncEndpoint('/held')
  async *held(@Payload() value: number) {
    yield value;
    await firstValueFrom(opened);
    yield value + 1;
  }

  @AsyncEndpoint('/echo')
  echo(@Payload() value: unknown) {
    return value;
  }
}

describeOnKafka('calls, when the only broker is killed and comes back', () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await startCluster({ properties: { 'broker.session.timeout.ms': '2000' } });
  });

  afterAll(() => cluster.stop());

  it('brings the rest of a stream, and serves what is called meanwhile and afterwards', async () => {
    const broker = kafkajs({ brokers: cluster.bootstrap.split(',') });
    const { name } = await startService({ broker, controllers: [HeldController] });
    const { client } = await startService({ broker });
    const states: string[] = [];
    client.status.subscribe((state) => states.push(state));
    const seen: number[] = [];
    const held = lastValueFrom(
      client.to(`${name}/held`, { timeoutMs: 90_000 }).send<number>(1).pipe(toArray()),
    );
    client
      .to(`${name}/held`, { timeoutMs: 90_000 })
      .send<number>(10)
      .subscribe((value) => seen.push(value));
    await waitFor(() => seen.length === 1, { what: 'the first response' });

    await cluster.killNode(1, 'SIGKILL');
    await waitFor(() => states.includes('unavailable'), { what: 'the client to notice', timeoutMs: 60_000 });
    opened.next();
    const meanwhile = lastValueFrom(client.to(`${name}/echo`, { timeoutMs: 90_000 }).send('meanwhile'));
    await cluster.startNode(1);

    expect(await meanwhile).toBe('meanwhile');
    expect(await held).toEqual([1, 2]);
    await waitFor(() => seen.length === 2, { what: 'the rest of the other stream' });
    expect(seen).toEqual([10, 11]);
    expect(await lastValueFrom(client.send(`${name}/echo`, 'afterwards'))).toBe('afterwards');
    expect(client.inFlight).toBe(0);
  });
});
