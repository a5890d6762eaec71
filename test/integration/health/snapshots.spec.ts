import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { AsyncCallsServer, AsyncEndpoint, type PartitionHealth } from 'nestjs-async-calls';
import { firstValueFrom, Subject } from 'rxjs';
import { describeOnBrokers } from '../../support/brokers.js';
import { waitFor } from '../../support/kafka.js';
import { type Service, startService } from '../../support/services.js';

let release: Subject<void>;
beforeEach(() => {
  release = new Subject();
});
afterEach(() => release.complete());

@Controller()
class Endpoints {
  @AsyncEndpoint('/slow')
  async slow(@Payload() mark: string) {
    await firstValueFrom(release, { defaultValue: undefined });
    return mark;
  }

  @AsyncEndpoint('/echo')
  echo(@Payload() mark: string) {
    return mark;
  }
}

function partitionsOf({ app }: Service): readonly PartitionHealth[] {
  return app.get(AsyncCallsServer).health().groups[0].partitions;
}

describeOnBrokers('the health of a server', (newBroker) => {
  it('tells what is under way, since when, and what it holds back', async () => {
    const broker = newBroker();
    const started = Date.now();
    const service = await startService({
      broker,
      controllers: [Endpoints],
      topics: { requests: { partitions: 1 } },
    });
    const { name } = service;
    const { client } = await startService({ broker });
    const empty = { offset: 0n, inFlight: 0, unsettledSince: undefined, holdsBack: false, lag: undefined };
    expect(partitionsOf(service)).toEqual([expect.objectContaining(empty)]);
    await firstValueFrom(client.send(`${name}/echo`, 'first'));

    const slow = firstValueFrom(client.send(`${name}/slow`, 'slow'));
    await waitFor(() => partitionsOf(service)[0].inFlight === 1, { what: 'the slow call' });
    await firstValueFrom(client.send(`${name}/echo`, 'behind'));

    const held = await waitFor(() => partitionsOf(service).find(({ holdsBack }) => holdsBack), {
      what: 'a commit to be held back',
    });
    expect(held).toEqual({
      topic: `${name}.requests`,
      partition: 0,
      offset: 1n,
      inFlight: 1,
      unsettledSince: expect.any(Number),
      holdsBack: true,
      isHeldBack: false,
      isPaused: false,
      isLeaving: false,
      lag: 2,
    });
    expect(held.unsettledSince).toBeGreaterThanOrEqual(started);
    expect(held.unsettledSince).toBeLessThanOrEqual(Date.now());

    release.next();
    expect(await slow).toBe('slow');
    const done = { offset: 3n, inFlight: 0, unsettledSince: undefined, holdsBack: false, lag: 0 };
    await waitFor(() => partitionsOf(service)[0].offset === 3n, { what: 'all to be done' });
    expect(partitionsOf(service)).toEqual([expect.objectContaining(done)]);
  });

  it('tells how far it is', async () => {
    const { app, name } = await startService({ broker: newBroker(), controllers: [Endpoints] });
    const server = app.get(AsyncCallsServer);
    expect(server.health()).toMatchObject({
      service: name,
      source: expect.stringContaining(`${name}/`),
      phase: 'serving',
      groups: [{ groupId: name, state: 'running', unsettledSince: undefined, isReplaced: false, joins: 0 }],
    });
    const closed = server.close();
    expect(server.health().phase).toBe('draining');
    await closed;
    expect(server.health()).toMatchObject({ phase: 'closed', groups: [{ state: 'closed', partitions: [] }] });
  });
});

describeOnBrokers('the health of a client', (newBroker) => {
  it('tells of its reader of replies when there is one', async () => {
    const { client, name } = await startService({ broker: newBroker() });
    expect(client.health()).toEqual({
      service: name,
      source: expect.stringContaining(`${name}/`),
      connection: undefined,
      replies: undefined,
      inFlight: 0,
      isClosed: false,
    });
    const connecting = client.connect();
    await waitFor(() => client.health().replies, { what: 'the reader to be made' });
    await connecting;
    await waitFor(() => client.health().replies?.lastContactAt, { what: 'contact with the broker' });
    await waitFor(() => client.health().connection?.state === 'running', { what: 'the client to run' });
    expect(client.health()).toMatchObject({
      connection: { state: 'running' },
      replies: { place: { topic: `${name}.replies`, partition: expect.any(Number) } },
    });
    await client.close();
    expect(client.health()).toMatchObject({ connection: { state: 'closed' }, isClosed: true });
  });
});
