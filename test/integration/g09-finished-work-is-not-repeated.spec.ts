import { expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { AsyncEndpoint } from 'nestjs-async-calls';
import { lastValueFrom, NEVER } from 'rxjs';
import { describeOnBrokers } from '../support/brokers.js';
import { uniqueName, waitFor } from '../support/kafka.js';
import { startService } from '../support/services.js';

const ran: string[] = [];

@Controller()
class WorkController {
  @AsyncEndpoint('/work')
  work(@Payload() mark: string) {
    ran.push(mark);
    return mark;
  }

  @AsyncEndpoint('/endless')
  endless(@Payload() mark: string) {
    ran.push(mark);
    return NEVER;
  }
}

describeOnBrokers('G9: finished work is not repeated', (newBroker) => {
  it('also behind a request that has not ended', async () => {
    const broker = newBroker();
    const service = uniqueName('service');
    const mark = uniqueName('mark');
    const options = {
      broker,
      service,
      topics: { requests: { partitions: 1 } },
      controllers: [WorkController],
    };
    const first = await startService(options);
    const { client } = await startService({ broker });
    const endless = client
      .to(`${service}/endless`, { timeoutMs: Infinity })
      .send(`${mark}-endless`)
      .subscribe();
    await waitFor(() => ran.includes(`${mark}-endless`), { what: 'the endless request' });
    const marks = Array.from({ length: 500 }, (_, index) => `${mark}-${index}`);
    await Promise.all(marks.map((each) => lastValueFrom(client.send(`${service}/work`, each))));
    await first.app.close();

    await startService(options);
    expect(await lastValueFrom(client.send(`${service}/work`, `${mark}-after`))).toBe(`${mark}-after`);
    await waitFor(() => ran.filter((each) => each === `${mark}-endless`).length === 2, {
      what: 'the endless one',
    });
    for (const each of marks) expect(ran.filter((other) => other === each)).toHaveLength(1);
    endless.unsubscribe();
  });

  it('ends the stream of a caller that has stopped waiting, and commits past it', async () => {
    const broker = newBroker();
    const topics = { requests: { partitions: 1 } };
    const { name } = await startService({
      broker,
      topics,
      controllers: [WorkController],
      delivery: { commitIntervalMs: 20 },
    });
    const { client } = await startService({ broker });
    await client.connect();
    // The way to the service is known then: whatever the time, the request leaves.
    await lastValueFrom(client.send(`${name}/work`, uniqueName('mark')));
    const call = client.to(`${name}/endless`, { timeoutMs: 1_500 }).send(uniqueName('mark'));
    await expect(lastValueFrom(call)).rejects.toMatchObject({ code: 'timeout' });
    const admin = broker.createAdmin({ clientId: 'test' });
    const committed = async () => (await admin.fetchCommitted(name, [`${name}.requests`]))[0]?.offset === 2n;
    await waitFor(committed, { what: 'the offset behind it to be committed' });
    await admin.close();
  });
});
