import { describe, expect, it } from '@jest/globals';
import { type Harness, texts } from './harness.js';
import { within } from './within.js';

/** Pause, resume and seek. The recording consumer itself reports every batch of a paused partition. */
export function describeFlowControl(harness: Harness): void {
  describe.each(['assigned', 'group'] as const)('flow control of a consumer (%s)', (kind) => {
    it('hands over nothing of a paused partition, but the others, and loses nothing', async () => {
      const topic = await harness.topic(2);
      const [slow, fast] = [
        { topic, partition: 0 },
        { topic, partition: 1 },
      ];
      const consumer = await harness.consumer(kind, topic);
      await harness.send(slow, 'a');
      await consumer.received(1);
      consumer.pause(slow);
      await harness.send(slow, 'b', 'c');
      await harness.send(fast, 'x');
      await consumer.received(2);
      expect(consumer.values(0)).toEqual(['a']);
      consumer.resume(slow);
      await consumer.received(4);
      expect(consumer.values(0)).toEqual(['a', 'b', 'c']);
    });

    it('can pause in the middle of a batch, again and again', async () => {
      const topic = await harness.topic();
      await harness.send({ topic, partition: 0 }, ...texts(3_000));
      const consumer = await harness.consumer(kind, topic, {
        maxBytesPerPartition: 2_000,
        onBatch: (batch, self) => {
          self.pause(batch);
          setImmediate(() => self.resume(batch));
        },
      });
      await consumer.received(3_000);
      expect(consumer.values()).toEqual(texts(3_000));
    });

    it('resumes at once when everything was paused', async () => {
      const topic = await harness.topic();
      const place = { topic, partition: 0 };
      const consumer = await harness.consumer(kind, topic, { maxWaitMs: 25_000 });
      consumer.pause(place);
      await harness.send(place, 'a');
      consumer.resume(place);
      await within(10_000, consumer.received(1), () => 'the record after the pause');
    });

    it('ignores partitions that are not assigned', async () => {
      const topic = await harness.topic();
      const consumer = await harness.consumer(kind, topic);
      consumer.pause({ topic, partition: 7 });
      consumer.resume({ topic: 'another', partition: 0 });
      await harness.send({ topic, partition: 0 }, 'a');
      await consumer.received(1);
    });
  });

  describe('seek', () => {
    it('goes back, and forward', async () => {
      const topic = await harness.topic();
      const place = { topic, partition: 0 };
      const member = await harness.group(topic).join();
      await harness.send(place, ...texts(5));
      await member.received(5);
      member.seek({ ...place, offset: 3n });
      await member.received(7);
      member.seek({ ...place, offset: 8n });
      await harness.send(place, ...texts(10).slice(5));
      await member.received(9);
      expect(member.values()).toEqual(['0', '1', '2', '3', '4', '3', '4', '8', '9']);
    });

    it('leaves a pause as it is', async () => {
      const topic = await harness.topic(2);
      const place = { topic, partition: 0 };
      const member = await harness.group(topic).join();
      await harness.send(place, ...texts(3));
      await member.received(3);
      member.pause(place);
      member.seek({ ...place, offset: 1n });
      await harness.send({ topic, partition: 1 }, 'sentinel');
      await member.received(4);
      member.resume(place);
      await member.received(6);
      expect(member.values(0)).toEqual(['0', '1', '2', '1', '2']);
    });

    it('and pause work from within onBatch', async () => {
      const topic = await harness.topic();
      const place = { topic, partition: 0 };
      let again = true;
      const member = await harness.group(topic).join({
        onBatch: (batch, self) => {
          if (batch.records.at(-1)!.offset < 4n || !again) return;
          again = false;
          self.pause(place);
          self.seek({ ...place, offset: 4n });
          setImmediate(() => self.resume(place));
        },
      });
      await harness.send(place, ...texts(5));
      await member.received(6);
      expect(member.values()).toEqual(['0', '1', '2', '3', '4', '4']);
    });

    it('and pause work from within onAssigned', async () => {
      const topic = await harness.topic(2);
      await harness.send({ topic, partition: 0 }, ...texts(3));
      await harness.send({ topic, partition: 1 }, ...texts(3));
      const member = await harness.group(topic).join({
        onAssigned: (_, self) => {
          self.pause({ topic, partition: 1 });
          self.seek({ topic, partition: 0, offset: 2n });
        },
      });
      await member.received(1);
      expect(member.values()).toEqual(['2']);
      member.resume({ topic, partition: 1 });
      await member.received(4);
      expect(member.values(1)).toEqual(texts(3));
    });
  });
}
