import { connect, Socket } from 'node:net';
import { expect, it, jest } from '@jest/globals';
import type { ISocketFactory } from 'kafkajs';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import { describeOnKafka, kafkaBootstrap, uniqueName, waitFor } from '../../support/kafka.js';

jest.setTimeout(60_000);

const CONNECTION_TIMEOUT_MS = 150;
/** As many as a large cluster has: they are tried one after the other, and each of them takes its time. */
const SILENT_BROKERS = 12;
/** Two consumers try at the same time, and in one of them both the group and the fetches. */
const ATTEMPTS_WITHOUT_PROGRESS = 12;

/** A network that from some time on swallows everything, and lets no connection come about. */
class SilentNetwork {
  isSilent = false;
  /** Called at each attempt to connect that comes to nothing. */
  onAttempt: () => void = () => undefined;
  private readonly sockets = new Set<Socket>();

  readonly factory: ISocketFactory = ({ host, port, onConnect }) => {
    if (this.isSilent) {
      this.onAttempt();
      return new Socket();
    }
    const socket = connect({ host, port }, onConnect);
    this.sockets.add(socket);
    return socket;
  };

  fallSilent(): void {
    this.isSilent = true;
    for (const socket of this.sockets) socket.destroy(new Error('cut off'));
  }
}

describeOnKafka('a network that swallows everything', () => {
  it('is no standstill of a consumer, however many brokers it tries in vain', async () => {
    const network = new SilentNetwork();
    const silent = Array.from({ length: SILENT_BROKERS }, (_, index) => `localhost:${index + 1}`);
    const broker = kafkajs({
      brokers: [...kafkaBootstrap()!, ...silent],
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      socketFactory: network.factory,
    });
    const topic = uniqueName('topic');
    const admin = broker.createAdmin({ clientId: 'test' });
    await admin.createTopics([{ topic, partitions: 1 }]);
    await admin.close();
    const listener = { onBatch: () => undefined };
    const ofGroup = broker.createGroupConsumer(
      { clientId: 'test' },
      { groupId: topic, topics: [topic], startFrom: () => 'earliest', listener },
    );
    const assigned = broker.createAssignedConsumer({ clientId: 'test' }, { listener });
    try {
      await ofGroup.start();
      await assigned.assign([{ topic, partition: 0, start: 'earliest' }]);
      for (const consumer of [ofGroup, assigned]) {
        const polled = await waitFor(() => consumer.activity().lastPolledAt, { what: 'the first fetch' });
        expect(polled).toBeGreaterThan(0);
      }
      const seen: (readonly (number | undefined)[])[] = [];
      network.onAttempt = () =>
        seen.push([ofGroup, assigned].map((consumer) => consumer.activity().lastPolledAt));
      network.fallSilent();
      await waitFor(() => seen.length > 8 * SILENT_BROKERS, {
        what: 'attempts to connect',
        timeoutMs: 30_000,
      });

      const standstills = seen.slice(ATTEMPTS_WITHOUT_PROGRESS).flatMap((later, index) => {
        const earlier = seen[index];
        return later.flatMap((at, which) => (hasGoneOn(earlier[which], at) ? [] : [{ index, which }]));
      });
      expect(standstills).toEqual([]);
    } finally {
      await Promise.all([ofGroup.close(), assigned.close()]);
    }
  });
});

/** Whether a consumer that polled then has polled since; one that has nothing to do need not. */
function hasGoneOn(earlier: number | undefined, later: number | undefined): boolean {
  return earlier === undefined || later === undefined || later - earlier > CONNECTION_TIMEOUT_MS / 2;
}
