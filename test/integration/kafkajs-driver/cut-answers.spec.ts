import { connect, type Socket } from 'node:net';
import { expect, it, jest } from '@jest/globals';
import type { ISocketFactory } from 'kafkajs';
import { describeOnKafka, kafkaBootstrap, uniqueName } from '../../support/kafka.js';
import { sendAll } from '../../support/send-all.js';
import { Client, receivesAll } from './client.js';

jest.setTimeout(120_000);

/** Sockets that can be cut in the middle of what they bring next. */
class FragileNetwork {
  /** How many sockets were cut. */
  cuts = 0;
  private readonly doomed = new Set<Socket>();
  private readonly sockets = new Set<Socket>();

  readonly factory: ISocketFactory = ({ host, port, onConnect }) => {
    const socket = connect({ host, port }, onConnect);
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    const emit = socket.emit.bind(socket) as (event: string, ...args: unknown[]) => boolean;
    socket.emit = (event: string, ...args: unknown[]) => {
      if (event !== 'data' || !this.doomed.delete(socket)) return emit(event, ...args);
      const [data] = args as [Buffer];
      this.cuts += 1;
      emit('data', data.subarray(0, -1));
      socket.destroy(new Error('cut in the middle of an answer'));
      return true;
    };
    return socket;
  };

  /** Each socket that is open now brings its next bytes but for the last one. */
  cutAll(): void {
    for (const socket of this.sockets) this.doomed.add(socket);
  }
}

describeOnKafka('kafkajs driver, when connections are cut in the middle of an answer', () => {
  it('understands what comes by the next ones, loses nothing and repeats nothing', async () => {
    const network = new FragileNetwork();
    await using client = new Client((kafkaBootstrap() ?? []).join(), { socketFactory: network.factory });
    const topic = await client.topic(1);
    const [reader, member] = [client.reader(), client.member(uniqueName('group'), topic)];
    await reader.assign({ topic, partition: 0, start: 'earliest' });
    await member.consumer.start();
    const producer = client.producer();
    const send = (value: string) =>
      sendAll(producer, [{ topic, partition: 0, key: null, value: Buffer.from(value), headers: [] }]);
    await send('first');
    for (const consumer of [reader, member]) await receivesAll([consumer], ['first']);

    const sent = ['first'];
    for (let round = 1; round <= 5; round++) {
      const before = network.cuts;
      network.cutAll();
      sent.push(`${round}`);
      await send(sent.at(-1)!);
      for (const consumer of [reader, member]) await receivesAll([consumer], sent);
      // The producer's, and those that both fetch by.
      expect(network.cuts - before).toBeGreaterThanOrEqual(3);
      await member.commit({ topic, partition: 0, offset: BigInt(sent.length) });
    }

    expect(reader.values()).toEqual(sent);
    expect(member.values()).toEqual(sent);
  });
});
