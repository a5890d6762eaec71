import { expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { AsyncEndpoint } from 'nestjs-async-calls';
import { lastValueFrom } from 'rxjs';
import { describeOnBrokers } from '../support/brokers.js';
import { uniqueName, waitFor } from '../support/kafka.js';
import { startService } from '../support/services.js';

const ran: string[] = [];

@Controller()
class NotingController {
  @AsyncEndpoint('/note')
  note(@Payload() mark: string) {
    ran.push(mark);
    return mark;
  }
}

describeOnBrokers('G6: deadlines hold', (newBroker) => {
  it('does not run what has expired while the service was down; runs one-way calls however late', async () => {
    const broker = newBroker();
    const service = uniqueName('service');
    const mark = uniqueName('mark');
    const topics = { requests: { partitions: 1 } };
    const first = await startService({ broker, service, topics, controllers: [NotingController] });
    await first.app.close();

    const { client } = await startService({ broker });
    const late = client.to(`${service}/note`, { timeoutMs: 100 });
    await expect(lastValueFrom(late.send(`${mark}-expired`))).rejects.toMatchObject({ code: 'timeout' });
    await lastValueFrom(client.to(`${service}/note`, { timeoutMs: 2_000 }).emit(`${mark}-one-way`));
    const waiting = lastValueFrom(client.send(`${service}/note`, `${mark}-waiting`));

    await startService({ broker, service, topics, controllers: [NotingController] });
    expect(await waiting).toBe(`${mark}-waiting`);
    await waitFor(() => ran.includes(`${mark}-one-way`), { what: 'the one-way call' });
    expect(ran.filter((each) => each.startsWith(mark)).sort()).toEqual([
      `${mark}-one-way`,
      `${mark}-waiting`,
    ]);
  });
});
