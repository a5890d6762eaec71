import { Logger } from '@nestjs/common';

/** Says of each service that is called in a test and is not there what to do about it. */
export class AbsentServices {
  private readonly logger = new Logger('AsyncCallsTesting');
  private readonly noted = new Set<string>();

  /** Once for each service: whoever calls it may try again and again. */
  note(service: string, caller: string): void {
    if (this.noted.has(service)) return;
    this.noted.add(service);
    // Nest's logger for tests shows nothing below an error.
    this.logger.error(
      `"${caller}" calls "${service}", which is neither under test nor faked: write tester.fake('${service}/…').responds(…), ` +
        'or start its application, too.',
    );
  }
}
