import zlib from 'node:zlib';
import { afterEach, expect, it, jest } from '@jest/globals';
import kafkajs from 'kafkajs';
import type { BrokerError } from '../../../lib/broker/broker-error.js';
import { describeOnKafka, kafkaBootstrap, uniqueName } from '../../support/kafka.js';
import { sendAll } from '../../support/send-all.js';
import { Client, reaches, receivesAll } from './client.js';

jest.setTimeout(60_000);

const hasZstd = 'zstdDecompressSync' in zlib;
const { CompressionCodecs, CompressionTypes } = kafkajs;

/** Reads LZ4 frames whose blocks are stored as they are, which those of a few different bytes are. */
function unframed(bytes: Buffer): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 7, size = 0; (size = bytes.readUInt32LE(at)) !== 0; at += 4 + size) {
    if (size < 0x8000_0000) throw new Error('a block that is compressed');
    size -= 0x8000_0000;
    blocks.push(bytes.subarray(at + 4, at + 4 + size));
  }
  return Buffer.concat(blocks);
}

describeOnKafka('kafkajs driver, where records are compressed by a codec it does not have', () => {
  const original = CompressionCodecs[CompressionTypes.LZ4];
  afterEach(() => {
    CompressionCodecs[CompressionTypes.LZ4] = original;
  });

  it('reads everything else, says what to do, and goes on without loss once the codec is there', async () => {
    await using client = new Client((kafkaBootstrap() ?? []).join());
    const admin = client.admin();
    const producer = client.producer();
    const plain = await client.topic(1);
    const compressed = uniqueName('topic');
    const configs = { 'compression.type': 'lz4' };
    await admin.createTopics([{ topic: compressed, partitions: 1, replicationFactor: 1, configs }]);
    const send = (topic: string, value: string) =>
      sendAll(producer, [{ topic, partition: 0, key: null, value: Buffer.from(value), headers: [] }]);
    await send(compressed, 'one');
    await send(compressed, 'two');

    const errors: (BrokerError | undefined)[] = [];
    const onState = (_: string, error?: BrokerError) => errors.push(error);
    const groupId = uniqueName('group');
    const options = { topics: [compressed, plain], onState };
    const first = client.member(groupId, plain, options);
    await first.consumer.start();
    await reaches(first, 'unavailable');
    const { message = '' } = errors.at(-1) ?? {};
    expect(message).toContain(`${compressed}[0]@0 cannot be read: it is compressed with LZ4`);
    expect(message).toContain('CompressionCodecs[CompressionTypes.LZ4] = …');
    expect(message).toContain("set the topic's compression.type to gzip");
    await send(plain, 'plain');
    await receivesAll([first], ['plain']);
    await first.commit({ topic: plain, partition: 0, offset: 1n });
    await first.close();

    const second = client.member(groupId, plain, options);
    await second.consumer.start();
    await reaches(second, 'unavailable');
    await send(plain, 'plain too');
    await receivesAll([second], ['plain too']);

    CompressionCodecs[CompressionTypes.LZ4] = () => ({
      compress: () => Promise.reject(new Error('not needed')),
      decompress: (bytes: Buffer) => Promise.resolve(unframed(bytes)),
    });
    await receivesAll([second], ['one', 'two']);
    await reaches(second, 'running');
    expect(second.values()).toEqual(['plain too', 'one', 'two']);
    expect([first, second].flatMap(({ violations }) => violations)).toEqual([]);
  });

  (hasZstd ? it : it.skip)('reads zstd by itself where Node does', async () => {
    await using client = new Client((kafkaBootstrap() ?? []).join());
    const topic = uniqueName('topic');
    const configs = { 'compression.type': 'zstd' };
    await client.admin().createTopics([{ topic, partitions: 1, replicationFactor: 1, configs }]);
    const value = 'long '.repeat(1_000);
    await sendAll(client.producer(), [
      { topic, partition: 0, key: null, value: Buffer.from(value), headers: [] },
    ]);
    const reader = client.reader();
    await reader.assign({ topic, partition: 0, start: 'earliest' });
    await receivesAll([reader], [value]);
  });
});
