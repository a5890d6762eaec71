import { expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { AsyncEndpoint } from 'nestjs-async-calls';
import { lastValueFrom } from 'rxjs';
import { interceptSends } from '../support/broker-wrapper.js';
import { describeOnBrokers } from '../support/brokers.js';
import { waitFor } from '../support/kafka.js';
import { recordsOf } from '../support/records.js';
import { startService } from '../support/services.js';

@Controller()
class DepositController {
  @AsyncEndpoint('/deposit')
  deposit(): void {
    throw new Error('out of order');
  }
}

describeOnBrokers('G13: emit means stored', (newBroker) => {
  it('resolves when the broker has acknowledged the call, not before', async () => {
    const broker = newBroker();
    const topics = { requests: { partitions: 1 } };
    const { name } = await startService({ broker, topics, controllers: [DepositController] });
    let acknowledge = () => undefined as void;
    let isStored = false;
    const holding = interceptSends(broker, async (records, send) => {
      const results = await send(records);
      isStored = true;
      await new Promise<void>((resolve) => {
        acknowledge = resolve;
      });
      return results;
    });
    const { client } = await startService({ broker: holding });
    let isResolved = false;
    const emitted = lastValueFrom(client.emit(`${name}/deposit`, 100)).then(() => {
      isResolved = true;
    });
    await waitFor(() => isStored, { what: 'the record' });
    expect(isResolved).toBe(false);
    acknowledge();
    await emitted;
    expect(await recordsOf(broker, `${name}.requests`)).toHaveLength(1);
  });

  it('whatever its handler does; what has failed is kept', async () => {
    const broker = newBroker();
    const delivery = { retry: { attempts: 1 } };
    const { name } = await startService({ broker, delivery, controllers: [DepositController] });
    const { client } = await startService({ broker });
    await lastValueFrom(client.emit(`${name}/deposit`, 100));
    const letters = () => recordsOf(broker, `${name}.dead-letters`);
    await waitFor(async () => (await letters()).length === 1, { what: 'the dead letter' });
    const [letter] = await letters();
    expect(letter.value?.toString()).toBe('100');
  });

  it('fails where there is nobody to store it for', async () => {
    const { client } = await startService({ broker: newBroker() });
    await expect(lastValueFrom(client.emit('nobody/deposit', 1))).rejects.toMatchObject({
      code: 'unknown-service',
    });
  });
});
