// Checks of Terminus in the probes of this library, and the other way round.
import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HealthCheck, HealthCheckService, MemoryHealthIndicator, TerminusModule } from '@nestjs/terminus';
import { AsyncCallsModule } from 'nestjs-async-calls';
import { AsyncCallsHealthIndicator, AsyncCallsHealthModule } from 'nestjs-async-calls/health';
import { memory } from 'nestjs-async-calls/memory';

@Controller()
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly asyncCalls: AsyncCallsHealthIndicator,
  ) {}

  @Get('health')
  @HealthCheck()
  check() {
    return this.health.check([() => this.asyncCalls.isReady(), () => this.asyncCalls.isLive('alive')]);
  }
}

@Module({
  imports: [
    AsyncCallsModule.forRoot({ service: 'caller', broker: memory() }),
    TerminusModule.forRoot({ logger: false }),
    AsyncCallsHealthModule.forRootAsync({
      imports: [TerminusModule],
      inject: [MemoryHealthIndicator],
      useFactory: (heap: MemoryHealthIndicator) => ({
        livez: { checks: [() => heap.checkHeap('heap', 1)] },
        readyz: { checks: [() => heap.checkHeap('heap', 2 ** 40)] },
      }),
    }),
  ],
  controllers: [HealthController],
})
class AppModule {}

async function main(): Promise<void> {
  const app = await NestFactory.create(AppModule, {
    logger: ['fatal', 'error'],
    forceCloseConnections: true,
  });
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const probe = async (path: string) => {
    const response = await fetch(`${url}/${path}`);
    const { info, error } = (await response.json()) as { info: object; error: object };
    return { status: response.status, up: Object.keys(info), down: Object.keys(error) };
  };
  console.log(
    JSON.stringify({
      health: await probe('health'),
      livez: await probe('livez'),
      readyz: await probe('readyz'),
    }),
  );
  await app.close();
}

void main();
