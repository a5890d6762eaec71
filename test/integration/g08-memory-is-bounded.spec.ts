import { expect, it } from '@jest/globals';
import type { AsyncCallsOptions } from 'nestjs-async-calls';
import { lastValueFrom, type Observable } from 'rxjs';
import { describeOnBrokers } from '../support/brokers.js';
import { uniqueName, waitFor } from '../support/kafka.js';
import { last, next, ScriptedService } from '../support/scripted-service.js';
import { startService } from '../support/services.js';

function outcomeOf(call: Observable<unknown>): Promise<unknown> {
  return lastValueFrom(call).catch((error: unknown) => error);
}

describeOnBrokers('G8: what a client keeps in memory is bounded', (newBroker) => {
  async function setUp(options: Partial<AsyncCallsOptions> = {}) {
    const broker = newBroker();
    const service = await ScriptedService.start(broker);
    const { client, name } = await startService({ broker, ...options });
    return { broker, service, client, name, to: client.to(`${service.name}/echo`) };
  }

  it('fails a call at once when as many are pending as may be, until one of them is over', async () => {
    const { service, client, to } = await setUp({ calls: { maxPending: 3 } });
    const pending = [1, 2].map((value) => outcomeOf(to.send(value)));
    const oneWay = outcomeOf(to.emit(3));
    expect(client.counts).toMatchObject({ pendingRequests: 2, pendingOneWayCalls: 1 });
    for (const refused of [to.send(4), to.emit(5)]) {
      expect(await outcomeOf(refused)).toMatchObject({
        code: 'overloaded',
        statusCode: 503,
        message: expect.stringContaining('as many as calls.maxPending allows'),
      });
    }
    expect(await oneWay).toBeUndefined();
    pending.push(outcomeOf(to.send(6)));
    expect(await outcomeOf(to.send(7))).toMatchObject({ code: 'overloaded' });

    const [first, second, , last6] = await Promise.all([0, 1, 2, 3].map((index) => service.request(index)));
    for (const request of [first, second, last6]) await service.respond(request, last(0, 'done'));
    expect(await Promise.all(pending)).toEqual(['done', 'done', 'done']);
    expect(service.records).toHaveLength(4);
    expect(client.counts).toMatchObject({ pendingRequests: 0, pendingOneWayCalls: 0 });
    expect(client.inFlight).toBe(0);
  });

  it('keeps nothing for calls that are over: late responses are counted, and gone', async () => {
    const { service, client, to } = await setUp();
    const call = outcomeOf(to.send(1));
    const request = await service.request(0);
    await service.respond(request, last(0, 'done'), next(0, 'again', { epoch: 2 }));
    expect(await call).toBe('done');
    await waitFor(() => client.counts.lateResponses === 1, { what: 'the late response' });
    expect(client.counts).toMatchObject({ pendingRequests: 0, foreignResponses: 0 });
  });

  it('passes over responses to others that share its partition, and counts them', async () => {
    const service = uniqueName('shared');
    const options = { service, topics: { replies: { partitions: 1 } } };
    const { broker, service: scripted, client, to } = await setUp(options);
    const { client: other } = await startService({ broker, ...options });
    await other.connect();
    const [mine, others] = [to.send(1), other.send(`${scripted.name}/echo`, 2)].map(outcomeOf);
    for (const request of [await scripted.request(0), await scripted.request(1)]) {
      await scripted.respond(request, last(0, 'done'));
    }
    expect(await Promise.all([mine, others])).toEqual(['done', 'done']);
    for (const each of [client, other]) {
      await waitFor(() => each.counts.foreignResponses === 1, { what: "the other's response" });
      expect(each.counts).toMatchObject({ lateResponses: 0, pendingRequests: 0 });
    }
  });
});
