// One round, in a process that has done nothing else. Prints what it has measured as JSON.
import 'reflect-metadata';
import { strictEqual } from 'node:assert/strict';
import { Controller, Module } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { AsyncCallsModule, AsyncEndpoint } from 'nestjs-async-calls';
import { memory } from 'nestjs-async-calls/memory';
import { AsyncCallsTesting } from 'nestjs-async-calls/testing';
import { CALLS, type Cost, type Measured } from './measured.js';

@Controller()
class EchoController {
  @AsyncEndpoint('/echo')
  echo(@Payload() value: number): number {
    return value;
  }

  @AsyncEndpoint('/four')
  *four(@Payload() value: number): Generator<number> {
    for (let index = 0; index < 4; index += 1) yield value;
  }
}

@Module({
  imports: [AsyncCallsModule.forRoot({ service: 'echo', broker: memory() })],
  controllers: [EchoController],
})
class EchoModule {}

async function costOf<T>(work: () => Promise<T>): Promise<[cost: Cost, result: T]> {
  const [start, cpuStart] = [performance.now(), process.cpuUsage()];
  const result = await work();
  const { user, system } = process.cpuUsage(cpuStart);
  return [{ clock: performance.now() - start, cpu: (user + system) / 1_000 }, result];
}

const [firstStart, tester] = await costOf(() => AsyncCallsTesting.start(EchoModule));

const [oneByOne] = await costOf(async () => {
  for (let index = 0; index < CALLS; index += 1) {
    const [response] = await tester.call('/echo', index);
    strictEqual(response.kind === 'response' && response.value, index);
  }
});

const [atOnce, answers] = await costOf(() =>
  Promise.all(Array.from({ length: CALLS }, (_, index) => tester.call('/echo', index))),
);
strictEqual(answers.filter(([response]) => response.kind === 'response').length, CALLS);

const [streams] = await costOf(async () => {
  for (let index = 0; index < CALLS; index += 1) strictEqual((await tester.call('/four', index)).length, 4);
});

const [transcript, lines] = await costOf(async () => tester.transcript());
strictEqual(lines.split('\n').length, CALLS * (3 + 3 + 6));

const [hour] = await costOf(() => tester.advance(3_600_000));
await tester.close();

const [nextStart, next] = await costOf(() => AsyncCallsTesting.start(EchoModule));
await next.close();

const measured: Measured = {
  firstStart,
  nextStart,
  oneByOne,
  atOnce,
  streams,
  transcript,
  hour,
};
console.log(JSON.stringify(measured));
