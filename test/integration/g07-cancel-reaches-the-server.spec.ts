import { expect, it } from '@jest/globals';
import { AsyncCallError, type AsyncCallsOptions, type CallOptions } from 'nestjs-async-calls';
import { lastValueFrom, type Observable, take, toArray } from 'rxjs';
import { describeOnBrokers } from '../support/brokers.js';
import { waitFor } from '../support/kafka.js';
import { last, next, ScriptedService } from '../support/scripted-service.js';
import { startService } from '../support/services.js';

/** The outcome of a call, whichever it is. */
function outcomeOf(call: Observable<unknown>): Promise<unknown> {
  return lastValueFrom(call.pipe(toArray())).catch((error: unknown) => error);
}

describeOnBrokers('G7: a call that is given up writes a cancel', (newBroker) => {
  async function setUp(options: CallOptions = {}, calls: AsyncCallsOptions['calls'] = {}) {
    const broker = newBroker();
    const service = await ScriptedService.start(broker);
    const { client } = await startService({ broker, calls });
    const to = client.to(`${service.name}/letters`, { key: 'account-7', timeoutMs: 20_000, ...options });
    /** All that was written before now is then among the service's records. */
    const allSeen = async () => {
      const { client: other } = await startService({ broker });
      const before = service.records.length;
      await lastValueFrom(other.emit(`${service.name}/marker`, 1));
      await waitFor(() => service.records.slice(before).some(isMarker), { what: 'the marker' });
    };
    const isMarker = (record: (typeof service.records)[number]) =>
      record.headers.some(([, value]) => value.toString() === '/marker');
    return { service, client, to, allSeen };
  }

  const cancel = async (service: ScriptedService) =>
    waitFor(() => service.cancelled[0], { what: 'the cancel' });

  it('behind its request, with its key, when it is unsubscribed', async () => {
    const { service, client, to } = await setUp();
    const subscription = to.send(1).subscribe();
    const { correlationId } = await service.request(0);
    subscription.unsubscribe();
    expect(await cancel(service)).toBe(correlationId.toString());
    expect(service.records.map(({ partition, key }) => [partition, key?.toString()])).toEqual([
      [0, 'account-7'],
      [0, 'account-7'],
    ]);
    expect(service.records[1]).toMatchObject({ value: null });
    await waitFor(() => client.counts.cancelsWritten === 1, { what: 'the acknowledgement of the cancel' });
    expect(client.counts).toMatchObject({ pendingRequests: 0, cancelsLost: 0 });
  });

  it('when it has all of a stream that its caller wants', async () => {
    const { service, to } = await setUp();
    const one = outcomeOf(to.send(1).pipe(take(1)));
    const request = await service.request(0);
    await service.respond(request, next(0, 'a'), next(1, 'b'));
    expect(await one).toEqual(['a']);
    expect(await cancel(service)).toBe(request.correlationId.toString());
  });

  it('when its idle timeout is over', async () => {
    const { service, client, to } = await setUp({ idleTimeoutMs: 1_500 });
    await client.connect();
    const outcome = outcomeOf(to.send(1));
    const { correlationId } = await service.request(0);
    expect(await outcome).toMatchObject({ code: 'timeout' });
    expect(await cancel(service)).toBe(correlationId.toString());
  });

  it('when what comes does not follow the protocol', async () => {
    const { service, to } = await setUp();
    const outcome = outcomeOf(to.send(1));
    const request = await service.request(0);
    await service.respond(request, next(1, 'b'));
    expect(await outcome).toMatchObject({ code: 'protocol-error' });
    expect(await cancel(service)).toBe(request.correlationId.toString());
  });

  it('when another delivery begins that it does not want', async () => {
    const { service, to } = await setUp({}, { onRedelivery: 'fail' });
    const outcome = outcomeOf(to.send(1));
    const request = await service.request(0);
    await service.respond(request, next(0, 'a'), next(0, 'A', { epoch: 2 }));
    expect(await outcome).toMatchObject({ code: 'interrupted' });
    expect(await cancel(service)).toBe(request.correlationId.toString());
  });

  it('when its client is closed, before that has disconnected', async () => {
    const { service, client, to } = await setUp();
    const outcomes = [1, 2, 3].map((value) => outcomeOf(to.send(value)));
    const requests = await Promise.all([0, 1, 2].map((index) => service.request(index)));
    await client.close();
    expect(client.counts).toMatchObject({ cancelsWritten: 3, cancelsLost: 0 });
    for (const outcome of outcomes) expect(await outcome).toMatchObject({ code: 'closed' });
    await waitFor(() => service.cancelled.length === 3, { what: 'the cancels' });
    expect(service.cancelled).toEqual(requests.map(({ correlationId }) => correlationId.toString()));
  });

  it('but none if its stream has ended', async () => {
    const { service, to, allSeen } = await setUp();
    const error = new AsyncCallError('conflict', 'no');
    const all = outcomeOf(to.send(1));
    const first = outcomeOf(to.send(2).pipe(take(1)));
    const failing = outcomeOf(to.send(3));
    const requests = await Promise.all([0, 1, 2].map((index) => service.request(index)));
    await service.respond(requests[0], next(0, 'a'), { kind: 'complete', seq: 1 });
    await service.respond(requests[1], last(0, 'b'));
    await service.respond(requests[2], { kind: 'error', seq: 0, error });
    expect(await Promise.all([all, first])).toEqual([['a'], ['b']]);
    expect(await failing).toMatchObject({ code: 'conflict' });
    await allSeen();
    expect(service.cancelled).toEqual([]);
  });

  it('and none if its timeout is over: the service knows that deadline', async () => {
    const { service, client, to, allSeen } = await setUp({ timeoutMs: 1_500 });
    await client.connect();
    const outcome = outcomeOf(to.send(1));
    expect(await service.request(0)).toMatchObject({ timeoutMs: expect.any(Number) });
    expect(await outcome).toMatchObject({ code: 'timeout' });
    await allSeen();
    expect(service.cancelled).toEqual([]);
  });

  it('and nothing at all if it has not left', async () => {
    const { service, client, to, allSeen } = await setUp();
    // The client connects at its first call, which takes longer than this turn.
    to.send(1).subscribe().unsubscribe();
    const kept = outcomeOf(to.send(2));
    const request = await service.request(0);
    await service.respond(request, last(0, 'kept'));
    expect(await kept).toEqual(['kept']);
    await allSeen();
    expect(service.records).toHaveLength(2);
    expect(client.counts).toMatchObject({ cancelsWritten: 0, cancelsLost: 0 });
  });
});
