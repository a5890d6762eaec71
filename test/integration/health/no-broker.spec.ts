import { describe, expect, it } from '@jest/globals';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { AsyncEndpoint, connectAsyncCalls } from 'nestjs-async-calls';
import { AsyncCallsHealthModule, ProbeServer } from 'nestjs-async-calls/health';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import { waitFor } from '../../support/kafka.js';
import { probe } from '../../support/probes.js';
import { createService } from '../../support/services.js';

@Controller()
class Endpoints {
  @AsyncEndpoint('/echo')
  echo(@Payload() value: unknown) {
    return value;
  }
}

describe('a service that starts without its broker', () => {
  it.each([
    { what: 'dead letters', topics: {} },
    { what: 'none', topics: { deadLetters: false as const } },
  ])('lives, says what it waits for, and can be closed; with $what', async ({ topics }) => {
    const { app } = await createService({
      broker: kafkajs({ brokers: ['127.0.0.1:1'] }),
      controllers: [Endpoints],
      topics,
      imports: [
        AsyncCallsHealthModule.forRoot({
          server: { port: 0, host: '127.0.0.1' },
          // As if it had been waiting for long.
          livez: { maxRejoinMs: 0 },
        }),
      ],
    });
    connectAsyncCalls(app);
    await app.startAllMicroservices();
    const started = app.init();
    const url = await waitFor(() => app.get(ProbeServer, { strict: false }).port, { what: 'the probes' });
    const at = (path: string) => probe(`http://127.0.0.1:${url}/${path}`);

    await waitFor(
      async () => (await at('readyz')).why.some((each) => each.includes('the broker cannot be used')),
      {
        what: 'the missing broker to be told',
      },
    );
    expect((await at('livez')).status).toBe(200);

    await app.close();
    await started;
    await expect(at('livez')).rejects.toThrow('fetch failed');
  });
});
