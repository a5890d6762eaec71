// The service that is called and probed: its probes, and beside them, in the same process, a server that looks at nothing.
import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Payload } from '@nestjs/microservices';
import { asyncCallsMicroservice, AsyncCallsModule, AsyncEndpoint } from 'nestjs-async-calls';
import { AsyncCallsHealthModule, ProbeServer } from 'nestjs-async-calls/health';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import { emptyServer } from './empty-server.js';

const [bootstrap] = process.argv.slice(2);

/** Where the process can be probed. */
export interface Probes {
  readonly readyz: string;
  readonly empty: string;
}

@Controller()
class EchoController {
  @AsyncEndpoint('/echo')
  echo(@Payload() value: number): number {
    return value;
  }
}

@Module({
  imports: [
    AsyncCallsModule.forRoot({ service: 'echo', broker: kafkajs({ brokers: [bootstrap] }) }),
    AsyncCallsHealthModule.forRoot({ server: { port: 0, host: '127.0.0.1' } }),
  ],
  controllers: [EchoController],
})
class EchoModule {}

const app = await NestFactory.createMicroservice(EchoModule, {
  ...asyncCallsMicroservice(),
  logger: ['error', 'fatal'],
});
await app.listen();
const probes: Probes = {
  readyz: `http://127.0.0.1:${app.get(ProbeServer, { strict: false }).port}/readyz`,
  empty: await emptyServer(),
};
console.log(JSON.stringify(probes));
