import { Controller, type DynamicModule, Module } from '@nestjs/common';
import { AsyncCallsModule, AsyncEndpoint, type Broker } from 'nestjs-async-calls';
import { map, type Observable, take, timer } from 'rxjs';

@Controller()
export class ParcelController {
  @AsyncEndpoint('/follow')
  follow(): Observable<number> {
    return timer(0, 100).pipe(
      take(6),
      map((index) => index + 1),
    );
  }
}

/** An instance of the service that answers. */
@Module({ controllers: [ParcelController] })
export class CourierModule {
  static on(broker: Broker, instance: string): DynamicModule {
    return {
      module: CourierModule,
      imports: [
        AsyncCallsModule.forRoot({
          service: 'courier',
          instance,
          broker,
          // So short that a stop cuts off what runs. By default it has ten seconds to end by itself.
          delivery: { drainTimeoutMs: 1 },
        }),
      ],
    };
  }
}
