import { type DynamicModule, Module } from '@nestjs/common';
import { AsyncCallsModule } from 'nestjs-async-calls';
import { AsyncCallsHealthModule } from 'nestjs-async-calls/health';
import type { Settings } from './environment.js';
import { Ledger } from './ledger.js';
import { asyncCallsOptions, healthOptions } from './options.js';
import { PaymentsController } from './payments.controller.js';

@Module({ controllers: [PaymentsController], providers: [Ledger] })
export class AppModule {
  static with(settings: Settings): DynamicModule {
    return {
      module: AppModule,
      imports: [
        AsyncCallsModule.forRoot(asyncCallsOptions(settings)),
        AsyncCallsHealthModule.forRoot(healthOptions(settings)),
      ],
    };
  }
}
