import { afterEach, beforeEach, describe } from '@jest/globals';
import { describeActivity } from './activity.js';
import { describeAdministration } from './administration.js';
import { describeAssignedConsumer } from './assigned-consumer.js';
import { describeClosing } from './closing.js';
import { describeFlowControl } from './flow-control.js';
import { type BrokerFactory, Harness } from './harness.js';
import { describeGroupConsumer } from './group-consumer.js';
import { describeOffsets } from './offsets.js';
import { describeRebalances } from './rebalances.js';
import { describeRecords } from './records.js';
import { describeSubscriptions } from './subscriptions.js';

/** Everything the port promises (the docstrings in lib/broker), for any driver. */
export function describeBroker(name: string, factory: BrokerFactory): void {
  describe(`broker: ${name}`, () => {
    const harness = new Harness(factory);
    beforeEach(() => harness.open());
    afterEach(() => harness.close());

    describeRecords(harness);
    describeAssignedConsumer(harness);
    describeFlowControl(harness);
    describeGroupConsumer(harness);
    describeOffsets(harness);
    describeRebalances(harness);
    describeSubscriptions(harness);
    describeAdministration(harness);
    describeActivity(harness);
    describeClosing(harness);
  });
}
