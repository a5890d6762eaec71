import { describe, expect, it } from '@jest/globals';
import { uniqueName, waitFor } from '../support/kafka.js';
import { type Harness, record, texts } from './harness.js';
import { numbersOf } from './recording-consumer.js';

/** The admin. */
export function describeAdministration(harness: Harness): void {
  describe('admin', () => {
    it('is answered by a broker', async () => {
      await harness.admin.ping();
    });

    it('creates topics that can be used at once', async () => {
      const specs = texts(3, 'new').map((name) => ({ topic: uniqueName(name), partitions: 3 }));
      await harness.admin.createTopics(specs.map((spec) => ({ ...spec, replicationFactor: 1 })));
      for (const { topic } of specs) await harness.producer.send([record(topic, 2)]);
      const descriptions = await harness.admin.describeTopics(specs.map(({ topic }) => topic));
      expect(descriptions.map(({ topic }) => topic).sort()).toEqual(specs.map(({ topic }) => topic).sort());
      for (const { partitions } of descriptions) {
        expect(partitions.map(({ partition }) => partition)).toEqual([0, 1, 2]);
        for (const { leader, replicas, inSyncReplicas } of partitions) {
          expect(replicas).toContain(leader);
          expect(inSyncReplicas).toContain(leader);
        }
      }
    });

    it('knows of no topic that may not be written to, where nothing is forbidden', async () => {
      await harness.admin.checkWritable([await harness.topic(), uniqueName('missing')]);
    });

    it('leaves topics that exist as they are', async () => {
      const topic = await harness.topic(2);
      await harness.send({ topic, partition: 0 }, 'a');
      const other = uniqueName('topic');
      await harness.admin.createTopics([
        { topic, partitions: 5 },
        { topic: other, partitions: 1 },
      ]);
      const [description] = await harness.admin.describeTopics([topic]);
      expect(description.partitions).toHaveLength(2);
      expect(await harness.send({ topic, partition: 0 }, 'b')).toMatchObject([{ offset: 1n }]);
      expect(await harness.admin.describeTopics([other])).toHaveLength(1);
    });

    it('can create the same topics several times at once', async () => {
      const topic = uniqueName('topic');
      const specs = [{ topic, partitions: 2 }];
      const admins = texts(4).map(() => harness.newAdmin());
      await Promise.all(admins.map((admin) => admin.createTopics(specs)));
      expect(await harness.admin.describeTopics([topic])).toMatchObject([{ topic, partitions: [{}, {}] }]);
    });

    it('describes the topics that exist, and creates none by asking', async () => {
      const topic = await harness.topic();
      const missing = uniqueName('missing');
      for (let again = 0; again < 2; again++) {
        const descriptions = await harness.admin.describeTopics([missing, topic]);
        expect(descriptions.map((description) => description.topic)).toEqual([topic]);
      }
      expect(await harness.admin.describeTopics([missing])).toEqual([]);
      expect(await harness.admin.describeTopics([])).toEqual([]);
      const all = (await harness.admin.describeTopics()).map((description) => description.topic);
      expect(all).toContain(topic);
      expect(all).not.toContain(missing);
    });

    it('deletes topics that exist, ignores others', async () => {
      const [gone, kept] = [await harness.topic(), await harness.topic()];
      await harness.admin.deleteTopics([gone, uniqueName('missing')]);
      await waitFor(async () => (await harness.admin.describeTopics([gone])).length === 0, {
        what: 'the deletion of the topic',
      });
      expect(await harness.admin.describeTopics([kept])).toHaveLength(1);
    });

    it('lists offsets by position', async () => {
      const topic = await harness.topic(2);
      const full = { topic, partition: 0 };
      const empty = { topic, partition: 1 };
      const time = Date.now() - 60_000;
      await harness.producer.send(
        texts(4).map((_, index) => record(topic, 0, { timestamp: time + index * 1_000 })),
      );
      await harness.deleteRecordsBefore({ ...full, offset: 1n });
      const offsets = async (...[position]: [Parameters<typeof harness.admin.listOffsets>[1]]) =>
        (await harness.admin.listOffsets([empty, full], position)).map(
          ({ partition, offset }) => [partition, offset] as const,
        );
      expect(new Map(await offsets('earliest'))).toEqual(new Map([[0, 1n], [1, 0n]])); // prettier-ignore
      expect(new Map(await offsets('latest'))).toEqual(new Map([[0, 4n], [1, 0n]])); // prettier-ignore
      const at = { timestampMs: time + 1_500 };
      expect(new Map(await offsets(at))).toEqual(new Map([[0, 2n], [1, 0n]])); // prettier-ignore
      const after = { timestampMs: time + 9_000 };
      expect(new Map(await offsets(after))).toEqual(new Map([[0, 4n], [1, 0n]])); // prettier-ignore
    });

    it('fetches committed offsets, null where there is none', async () => {
      const topic = await harness.topic(2);
      const group = harness.group(topic);
      expect(await group.committed(topic)).toEqual([null, null]);
      const member = await group.join();
      await member.commit({ topic, partition: 1, offset: 0n });
      expect(await group.committed(topic)).toEqual([null, 0n]);
      await member.close();
      expect(await group.committed(topic)).toEqual([null, 0n]);
    });

    it('describes a group: its members and what they own', async () => {
      const topic = await harness.topic(3);
      const group = harness.group(topic);
      const members = [await group.join(), await group.join()];
      await group.balanced(...members);
      const describeGroup = () => harness.admin.describeGroup(group.id);
      await waitFor(async () => (await describeGroup()).state === 'stable', { what: 'a stable group' });
      const description = await describeGroup();
      expect(description.groupId).toBe(group.id);
      expect(new Set(description.members.map(({ memberId }) => memberId)).size).toBe(2);
      expect(description.members.map(({ clientId }) => clientId)).toEqual(['conformance', 'conformance']);
      const owned = description.members.flatMap(({ assignment }) => assignment);
      expect(numbersOf(owned)).toEqual([0, 1, 2]);
    });

    it('describes a group that is empty, and one that never was', async () => {
      const topic = await harness.topic();
      const group = harness.group(topic);
      expect(await harness.admin.describeGroup(group.id)).toEqual({
        groupId: group.id,
        state: 'dead',
        members: [],
      });
      const member = await group.join();
      await member.commit({ topic, partition: 0, offset: 0n });
      await member.close();
      await waitFor(async () => (await harness.admin.describeGroup(group.id)).state === 'empty', {
        what: 'an empty group',
      });
      expect((await harness.admin.describeGroup(group.id)).members).toEqual([]);
    });
  });
}
