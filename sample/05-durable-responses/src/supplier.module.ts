import { Controller, type DynamicModule, Module } from '@nestjs/common';
import { AsyncCallsModule, AsyncEndpoint, type Broker } from 'nestjs-async-calls';
import { concatMap, delay, finalize, from, type Observable, of, ReplaySubject } from 'rxjs';

const STEPS = ['packed', 'sent', 'delivered'];

@Controller()
export class SupplierController {
  /** Emits how many answers it has given, when it has given them. */
  readonly answered = new ReplaySubject<number>();

  @AsyncEndpoint('/deliver')
  deliver(): Observable<string> {
    return from(STEPS).pipe(
      concatMap((step) => of(step).pipe(delay(100))),
      finalize(() => this.answered.next(STEPS.length)),
    );
  }
}

@Module({ controllers: [SupplierController] })
export class SupplierModule {
  static on(broker: Broker): DynamicModule {
    return {
      module: SupplierModule,
      imports: [AsyncCallsModule.forRoot({ service: 'supplier', broker })],
    };
  }
}
