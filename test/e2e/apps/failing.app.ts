import 'reflect-metadata';
import { Controller, Injectable, Module, type OnModuleDestroy } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  AsyncCallsModule,
  asyncCallsMicroservice,
  AsyncEndpoint,
  BrokerError,
  type FailurePolicy,
  type GroupConsumerListener,
} from 'nestjs-async-calls';
import { AsyncCallsHealthModule } from 'nestjs-async-calls/health';
import { memory } from 'nestjs-async-calls/memory';

// Serves on the memory broker until its consumer fails for good, soon after its start.
interface FailingSettings {
  readonly hooks: boolean;
  readonly onFailure?: FailurePolicy;
  readonly exitAfterMs?: number;
  readonly useProcessExit?: boolean;
}

const {
  hooks,
  onFailure = 'exit',
  exitAfterMs,
  useProcessExit,
} = JSON.parse(process.env['E2E_SETTINGS'] ?? '{}') as FailingSettings;

@Injectable()
class Resource implements OnModuleDestroy {
  onModuleDestroy(): void {
    console.log('closed in order');
  }
}

@Controller()
class EchoController {
  @AsyncEndpoint('/echo')
  echo(): string {
    return 'echo';
  }
}

const broker = memory();
const listeners: GroupConsumerListener[] = [];

@Module({
  imports: [
    AsyncCallsModule.forRoot({
      service: 'failing',
      broker: {
        name: 'failing',
        capabilities: broker.capabilities,
        createAdmin: (identity) => broker.createAdmin(identity),
        createProducer: (identity) => broker.createProducer(identity),
        createAssignedConsumer: (identity, options) => broker.createAssignedConsumer(identity, options),
        createGroupConsumer: (identity, options) => {
          listeners.push(options.listener);
          return broker.createGroupConsumer(identity, options);
        },
      },
      delivery: { onFailure, drainTimeoutMs: 500 },
    }),
    AsyncCallsHealthModule.forRoot({ livez: { exitAfterMs } }),
  ],
  controllers: [EchoController],
  providers: [Resource],
})
class AppModule {}

const app = await NestFactory.createMicroservice(AppModule, {
  ...asyncCallsMicroservice(),
  logger: ['error'],
});
if (hooks) app.enableShutdownHooks([], { useProcessExit });
await app.listen();
listeners[0].onState?.('failed', new BrokerError('internal', 'a fault of the driver', { fatal: true }));
