import { describe, expect, it, jest } from '@jest/globals';
import { describeOnKafka } from '../support/kafka.js';
import { runSample } from './sample-output.js';

jest.setTimeout(120_000);

/** Expects what the README says; the event is handled beside the calls. */
async function expectItsOutput(env: NodeJS.ProcessEnv, ...further: string[]): Promise<void> {
  const { expected, printed, code } = await runSample('06-from-nest-kafka', env);
  const inOrder = (all: readonly string[]) => all.filter((line) => !line.startsWith('checked'));
  const wanted = [...expected, ...further];
  expect(inOrder(printed)).toEqual(inOrder(wanted));
  expect(new Set(printed)).toEqual(new Set(wanted));
  expect(code).toBe(0);
}

describe('sample 06', () => {
  it('prints what its README says, and ends well', () => expectItsOutput({ KAFKA_BOOTSTRAP: '' }));
});

describeOnKafka('sample 06 on Kafka', () => {
  it("is called by Nest's own client, too", () => expectItsOutput({}, 'ClientKafka: 33'));
});
