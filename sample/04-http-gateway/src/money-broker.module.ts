import { BadRequestException, Controller, type DynamicModule, Module } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { AsyncCallsModule, AsyncEndpoint, type Broker } from 'nestjs-async-calls';
import { finalize, map, type Observable, Subject, take, tap, timer } from 'rxjs';

export interface Wish {
  readonly amount: number;
}

export interface Bundle {
  readonly bundle: number;
  readonly amount: number;
}

/** Emits when somebody who wanted money has gone before the last bundle. */
export const stoppedEarly = new Subject<void>();

@Controller()
export class MoneyController {
  /** Four bundles, one every 100 ms. */
  @AsyncEndpoint('/show-me-the-money')
  showMeTheMoney(@Payload() { amount }: Wish): Observable<Bundle> {
    if (!(amount > 0)) throw new BadRequestException('The amount has to be positive');
    let left = 4;
    return timer(0, 100).pipe(
      take(4),
      map((index) => ({ bundle: index + 1, amount: amount / 4 })),
      tap(() => (left -= 1)),
      finalize(() => {
        if (left > 0) stoppedEarly.next();
      }),
    );
  }
}

/** The service that answers; it does not know HTTP. */
@Module({ controllers: [MoneyController] })
export class MoneyBrokerModule {
  static on(broker: Broker): DynamicModule {
    return {
      module: MoneyBrokerModule,
      imports: [AsyncCallsModule.forRoot({ service: 'a-money-broker', broker })],
    };
  }
}
