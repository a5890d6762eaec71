import { type DynamicModule, Module } from '@nestjs/common';
import { AsyncCallsModule, type Broker } from 'nestjs-async-calls';
import { HttpGatewayModule } from 'nestjs-async-calls/http';

const routes = HttpGatewayModule.forRoutes([
  {
    method: 'GET',
    path: 'money',
    to: 'a-money-broker/show-me-the-money',
    stream: true,
    call: ({ query }) => ({ data: { amount: Number(query['amount']) } }),
  },
]);

/** HTTP in front of the service. */
@Module({})
export class GatewayModule {
  static on(broker: Broker): DynamicModule {
    return {
      module: GatewayModule,
      imports: [AsyncCallsModule.forRoot({ service: 'gateway', broker }), routes],
    };
  }
}
