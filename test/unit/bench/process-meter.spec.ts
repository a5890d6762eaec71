import { expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { ProcessMeter } from '../../../bench/processes/process-meter.js';

const onLinux = existsSync('/proc/self/stat') ? it : it.skip;

onLinux('meters the CPU of a process', async () => {
  const meter = new ProcessMeter(process.pid);
  const before = process.cpuUsage();
  await meter.begin();
  const begun = process.cpuUsage();
  while (process.cpuUsage(begun).user < 200_000);

  const metered = await meter.end();

  const { user, system } = process.cpuUsage(before);
  expect(metered).toBeGreaterThanOrEqual(150_000);
  expect(metered).toBeLessThanOrEqual(user + system + 20_000);
});

it('has nothing to say of no process', async () => {
  const meter = new ProcessMeter(undefined);

  await meter.begin();

  expect(await meter.end()).toBeUndefined();
});
