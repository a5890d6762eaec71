import { ConflictException, Controller, type DynamicModule, Module } from '@nestjs/common';
import { AsyncCallsModule, AsyncEndpoint, AsyncEvent, type Broker } from 'nestjs-async-calls';
import { concatMap, delay, from, type Observable, of } from 'rxjs';

/** A dealer and how it bids. */
export interface Dealer {
  readonly name: string;
  /** What it asks for, then what it asks for less; none if it has nothing to sell. */
  readonly prices: readonly number[];
  /** How long it thinks about each of them. */
  readonly thinksMs: number;
}

function controllerOf({ prices, thinksMs }: Dealer) {
  @Controller()
  class DealerController {
    /** Whoever asks knows this dealer. */
    @AsyncEndpoint('/offer')
    offer(): Observable<number> {
      return this.bid();
    }

    /** Whoever asks need not know who has subscribed. */
    @AsyncEvent('bike-wanted', { startFrom: 'earliest' })
    wanted(): Observable<number> {
      return this.bid();
    }

    private bid(): Observable<number> {
      if (prices.length === 0) throw new ConflictException('sold out');
      return from(prices).pipe(concatMap((price) => of(price).pipe(delay(thinksMs))));
    }
  }
  return DealerController;
}

/** The service of one dealer. It does not know who asks, nor who else is asked. */
@Module({})
export class DealerModule {
  static on(broker: Broker, dealer: Dealer): DynamicModule {
    return {
      module: DealerModule,
      imports: [AsyncCallsModule.forRoot({ service: dealer.name, broker })],
      controllers: [controllerOf(dealer)],
    };
  }
}
