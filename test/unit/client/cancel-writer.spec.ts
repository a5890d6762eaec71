import { describe, expect, it, jest } from '@jest/globals';
import { BatchingProducer } from '../../../lib/broker/batching-producer.js';
import { CancelWriter } from '../../../lib/client/cancel-writer.js';
import { systemEnvironment } from '../../../lib/environment/system-environment.js';
import { cancelledRequestOf } from '../../../lib/protocol/cancel.js';
import { useClockOfTest } from '../support/clock-of-test.js';
import { ScriptedProducer, turn } from '../support/scripted-producer.js';

// A partition that takes long is left behind.
useClockOfTest();

function setUp(maxWaiting = 10) {
  const driver = new ScriptedProducer();
  const onLost = jest.fn<(error: unknown) => void>();
  const producer = new BatchingProducer(driver, systemEnvironment);
  const options = { producer, source: 'a/i1', maxWaiting, onLost };
  return { driver, onLost, cancels: new CancelWriter(options) };
}

const PLACE = { topic: 'bank.requests', partition: 3, key: Buffer.from('account-7') };

describe('CancelWriter', () => {
  it('writes a cancel to the place of its request', async () => {
    const { driver, cancels } = setUp();
    cancels.write('q-1', PLACE);
    await driver.succeedAll();
    expect(driver.log).toEqual([expect.objectContaining(PLACE)]);
    expect(cancelledRequestOf(driver.log[0])).toEqual(Buffer.from('q-1'));
    expect(cancels).toMatchObject({ written: 1, lost: 0 });
  });

  it('counts one that the broker does not take, and says why', async () => {
    const { driver, cancels, onLost } = setUp();
    const why = new Error('no broker');
    cancels.write('q-1', PLACE);
    await turn();
    driver.underWay[0]?.fail(why);
    await turn();
    expect(cancels).toMatchObject({ written: 0, lost: 1 });
    expect(onLost.mock.calls).toEqual([[why]]);
  });

  it('lets no more wait than it is told; there is room again when the broker has taken them', async () => {
    const { driver, cancels, onLost } = setUp(2);
    for (const id of ['q-1', 'q-2', 'q-3']) cancels.write(id, PLACE);
    expect(cancels.lost).toBe(1);
    expect(onLost.mock.calls).toEqual([[expect.objectContaining({ code: 'overloaded' })]]);
    await driver.succeedAll();
    cancels.write('q-4', PLACE);
    await driver.succeedAll();
    expect(driver.log.map((record) => cancelledRequestOf(record)?.toString())).toEqual(['q-1', 'q-2', 'q-4']);
    expect(cancels).toMatchObject({ written: 3, lost: 1 });
  });
});
