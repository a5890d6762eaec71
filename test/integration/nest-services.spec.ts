import { expect, it } from '@jest/globals';
import type { AsyncCallsClient, Broker, ConsumerRecord } from 'nestjs-async-calls';
import { lastValueFrom, take, toArray } from 'rxjs';
import { describeOnBrokers } from '../support/brokers.js';
import { uniqueName, waitFor } from '../support/kafka.js';
import { type RawHeaders, writeRaw } from '../support/raw-records.js';
import { recordsOf } from '../support/records.js';
import { startService } from '../support/services.js';

const END: RawHeaders = [['kafka_nest-is-disposed', Buffer.alloc(1)]];

/** What stands in a record beside its place. */
function contentOf({ key, value, headers }: ConsumerRecord) {
  return {
    key: key?.toString() ?? null,
    value: value?.toString() ?? null,
    headers: Object.fromEntries(headers.map(([name, bytes]) => [name, bytes.toString()])),
  };
}

/** A topic whose service the test plays, byte for byte as Nest's own server does, and a client of it. */
async function startBoth(broker: Broker) {
  const topic = uniqueName('sum');
  const admin = broker.createAdmin({ clientId: 'test' });
  await admin.createTopics([{ topic, partitions: 1, replicationFactor: 1 }]);
  await admin.close();
  const { client, name } = await startService({ broker });
  const request = async (index = 0) =>
    waitFor(async () => (await recordsOf(broker, topic))[index], { what: `request ${index}` });
  const respond = async (
    record: ConsumerRecord,
    ...answers: { value: string | null; headers?: RawHeaders }[]
  ) => {
    const { headers } = contentOf(record);
    const place = {
      topic: headers['kafka_replyTopic'] ?? '',
      partition: Number(headers['kafka_replyPartition']),
    };
    const id = ['kafka_correlationId', headers['kafka_correlationId'] ?? ''] as const;
    await writeRaw(
      broker,
      place,
      answers.map(({ value, headers: own = [] }) => ({ value, headers: [...own, id] })),
    );
  };
  return { client, name, topic, request, respond };
}

/** The values, and what they ended with. */
function outcomeOf(client: AsyncCallsClient, nestTopic: string, data: unknown): Promise<unknown[]> {
  return new Promise((resolve) => {
    const seen: unknown[] = [];
    client
      .to({ nestTopic }, { timeoutMs: 20_000 })
      .send(data)
      .subscribe({
        next: (value) => seen.push(value),
        error: (error: unknown) => resolve([...seen, error]),
        complete: () => resolve([...seen, 'end']),
      });
  });
}

describeOnBrokers("a service that runs on Nest's own transport", (newBroker) => {
  it('gets requests in its form', async () => {
    const { client, name, topic, request, respond } = await startBoth(newBroker());
    const call = client.to({ nestTopic: topic }, { key: 'acc-7', headers: { tenant: 'blue' } });
    const sum = lastValueFrom(call.send({ numbers: [1, 2] }));
    const record = await request();
    expect(contentOf(record)).toEqual({
      key: 'acc-7',
      value: '{"numbers":[1,2]}',
      headers: {
        tenant: 'blue',
        kafka_correlationId: expect.any(String),
        kafka_replyTopic: `${name}.replies`,
        kafka_replyPartition: expect.stringMatching(/^[01]$/),
      },
    });
    await respond(record, { value: '3', headers: END });
    expect(await sum).toBe('3');
    // What Nest takes for a record is one.
    const keyed = lastValueFrom(
      client.send({ nestTopic: topic }, { key: 'k', value: 'text', headers: { a: 'b' } }),
    );
    const other = await request(1);
    expect(contentOf(other)).toMatchObject({ key: 'k', value: 'text', headers: { a: 'b' } });
    await respond(other, { value: '{"a":1}', headers: END });
    expect(await keyed).toEqual({ a: 1 });
  });

  it('answers with streams, ends and errors', async () => {
    const { client, topic, request, respond } = await startBoth(newBroker());
    const outcomes = [0, 1, 2, 3].map((data) => outcomeOf(client, topic, data));
    const requests = new Map<string, ConsumerRecord>();
    for (const index of [0, 1, 2, 3]) {
      const record = await request(index);
      requests.set(record.value?.toString() ?? '', record);
    }
    const answer = (data: number, ...answers: Parameters<typeof respond>[1][]) =>
      respond(requests.get(String(data)) as ConsumerRecord, ...answers);
    await answer(0, { value: '{"n":1}' }, { value: 'two', headers: END });
    await answer(1, { value: '1' }, { value: null, headers: END });
    await answer(2, { value: null, headers: END });
    const error = JSON.stringify({ status: 'error', message: 'No account', statusCode: 404 });
    await answer(3, { value: '1' }, { value: null, headers: [['kafka_nest-err', error], ...END] });
    expect(await Promise.all(outcomes)).toEqual([
      [{ n: 1 }, 'two', 'end'],
      ['1', 'end'],
      [null, 'end'],
      ['1', expect.objectContaining({ code: 'not-found', message: 'No account' })],
    ]);
  });

  it('hears nothing of a call that is given up', async () => {
    const broker = newBroker();
    const { client, topic, request, respond } = await startBoth(broker);
    const first = lastValueFrom(client.send({ nestTopic: topic }, 'a').pipe(take(1), toArray()));
    await respond(await request(), { value: '1' }, { value: '2', headers: END });
    expect(await first).toEqual(['1']);
    await lastValueFrom(client.emit({ nestTopic: topic }, 'b'));
    const records = await recordsOf(broker, topic);
    expect(records.map(contentOf).map(({ value }) => value)).toEqual(['a', 'b']);
    expect(client.counts).toMatchObject({ cancelsWritten: 0, cancelsLost: 0 });
  });

  it('gets events without an address', async () => {
    const broker = newBroker();
    const { client, topic } = await startBoth(broker);
    await lastValueFrom(client.to({ nestTopic: topic }, { key: 'k' }).emit({ paid: 5 }));
    const [record] = await recordsOf(broker, topic);
    expect(contentOf(record)).toEqual({ key: 'k', value: '{"paid":5}', headers: {} });
  });

  it('is not waited for without end, and has to be there', async () => {
    const { client, topic } = await startBoth(newBroker());
    const waiting = client.to({ nestTopic: topic }, { timeoutMs: 300 }).send(1);
    await expect(lastValueFrom(waiting)).rejects.toMatchObject({ code: 'timeout' });
    const nobody = uniqueName('nobody');
    await expect(lastValueFrom(client.send({ nestTopic: nobody }, 1))).rejects.toMatchObject({
      code: 'unknown-service',
      message: expect.stringContaining(nobody),
    });
    await expect(lastValueFrom(client.send({ nestTopic: 'a/b' }, 1))).rejects.toMatchObject({
      code: 'invalid-argument',
    });
  });
});
