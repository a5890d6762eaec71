// The service, the gateway and a client of it in one process, on a broker in memory.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { asyncCallsMicroservice } from 'nestjs-async-calls';
import { memory } from 'nestjs-async-calls/memory';
import { firstValueFrom } from 'rxjs';
import { GatewayModule } from './gateway.module.js';
import { MoneyBrokerModule, stoppedEarly } from './money-broker.module.js';

const broker = memory();

const server = await NestFactory.createMicroservice(MoneyBrokerModule.on(broker), asyncCallsMicroservice());
await server.listen();
const gateway = await NestFactory.create(GatewayModule.on(broker), { forceCloseConnections: true });
await gateway.listen(0, '127.0.0.1');
const url = `${await gateway.getUrl()}/money`;

console.log('GET /money?amount=1000000');
const events = await fetch(`${url}?amount=1000000`);
for await (const line of linesOf(events)) if (/^(event|data)/.test(line)) console.log(`  ${line}`);

console.log('GET /money?amount=1000000, Accept: application/json');
const list = await fetch(`${url}?amount=1000000`, { headers: { accept: 'application/json' } });
console.log(`  ${await list.text()}`);

console.log('GET /money?amount=-1');
const refused = await fetch(`${url}?amount=-1`);
console.log(`  ${refused.status} ${await refused.text()}`);

console.log('GET /money?amount=1000000, and away after the first bundle');
const stopped = firstValueFrom(stoppedEarly);
const leaving = new AbortController();
const left = await fetch(`${url}?amount=1000000`, { signal: leaving.signal });
await left.body?.getReader().read();
leaving.abort();
await stopped;
console.log('  the money broker has stopped early');

await gateway.close();
await server.close();

async function* linesOf(response: Response): AsyncIterable<string> {
  let rest = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}
