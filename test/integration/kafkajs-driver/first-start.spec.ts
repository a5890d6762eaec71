import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { type Cluster, startCluster } from '../../../tools/kafka/cluster.mjs';
import { describeOnKafka, uniqueName } from '../../support/kafka.js';
import { sendAll } from '../../support/send-all.js';
import { Client, reaches, receivesAll } from './client.js';

jest.setTimeout(120_000);

/** What a broker refuses for less than a second is not told; a timer may fire a little early. */
const LASTS_MS = 950;

describeOnKafka('kafkajs driver, at the first start on a new cluster', () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await startCluster();
  });

  afterAll(() => cluster.stop());

  it('has nothing to report', async () => {
    for (let start = 0; start < 10; start++) {
      await using client = new Client(cluster.bootstrap);
      const topic = await client.topic(3);
      const begun = performance.now();
      const member = client.member(uniqueName('group'), topic);
      const reader = client.reader();
      await Promise.all([
        member.consumer.start(),
        reader.assign(...[0, 1, 2].map((partition) => ({ topic, partition, start: 'latest' as const }))),
      ]);
      await sendAll(client.producer(), [
        { topic, partition: 0, key: null, value: Buffer.from('a'), headers: [] },
      ]);
      await receivesAll([member], ['a']);
      await receivesAll([reader], ['a']);
      await reaches(member, 'running');
      for (const { states, stateTimes } of [member, reader]) {
        const told = stateTimes.filter((_, index) => states[index] === 'unavailable');
        // What a broker takes longer for, on a busy machine, is told rightly.
        expect(told.filter((at) => at - begun < LASTS_MS)).toEqual([]);
      }
    }
  });

  it('waits for a function that is to find the brokers', async () => {
    let attempts = 0;
    const brokers = () => {
      if (++attempts < 3) throw new Error('no such name');
      return cluster.bootstrap.split(',');
    };
    await using client = new Client('', { brokers });
    const topic = await client.topic(1);
    attempts = 0;
    const errors: (string | undefined)[] = [];
    const onState = (_: string, error?: Error) => errors.push(error?.message);
    const member = client.member(uniqueName('group'), topic, { onState });
    await member.consumer.start();
    expect(member.states).toContain('unavailable');
    expect(errors).toContainEqual(expect.stringMatching(/option brokers: .* threw: no such name/));
  });
});
