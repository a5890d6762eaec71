import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { now } from '../history/recorder.js';

/** A pool of connections to a database, closed by the application as most do it: its log tells when. */
@Injectable()
export class Pool implements OnModuleDestroy {
  onModuleDestroy(): void {
    console.log(`pool closed at ${now()}`);
  }
}
