import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { describeOnKafka, uniqueName } from '../support/kafka.js';
import { Processes } from './processes.js';
import { ServerService } from './services.js';

jest.setTimeout(120_000);

describeOnKafka('two services that serve and call', () => {
  const processes = new Processes();
  let left: ServerService;
  let right: ServerService;
  beforeAll(async () => {
    [left, right] = await Promise.all([
      ServerService.start(processes, { service: uniqueName('left') }),
      ServerService.start(processes, { service: uniqueName('right') }),
    ]);
  });
  afterAll(() => processes.end());

  it('call each other at the same time', async () => {
    const load = (from: ServerService, to: ServerService) =>
      from.load({ target: `${to.service}/count`, prefix: from.service, calls: 100, parts: 3 });

    const reports = await Promise.all([load(left, right), load(right, left)]);

    for (const report of reports) expect(report).toMatchObject({ complete: 100, wrong: [] });
  });

  it('call from within a handler, each response passed on when it comes', async () => {
    const gate = uniqueName('gate');
    const releases: Promise<unknown>[] = [];
    const release = (step: number) => releases.push(left.call(`${right.service}/release`, { gate, step }));

    release(0);
    // Right relays what left relays from right.
    const { values, error } = await right.call(
      `${left.service}/relay`,
      { target: `${right.service}/step-by-step`, data: { gate, steps: 3 } },
      { onValue: (value) => release((value as { readonly relayed: number }).relayed + 1) },
    );

    expect(values).toEqual([{ relayed: 0 }, { relayed: 1 }, { relayed: 2 }]);
    expect(error).toBeUndefined();
    await Promise.all(releases);
  });

  it('pass errors on from service to service', async () => {
    const { values, error } = await right.call(`${left.service}/relay`, {
      target: `${right.service}/fail-after`,
      data: 1,
    });

    expect(values).toEqual([{ relayed: 0 }]);
    expect(error).toMatchObject({ typed: true, code: 'bad-request', message: 'That is enough' });
  });
});
