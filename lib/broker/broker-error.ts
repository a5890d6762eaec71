import { AsyncCallError, type AsyncCallErrorOptions } from '../errors/async-call-error.js';
import type { ErrorCode } from '../errors/error-code.js';

/** How a failed broker operation may be treated. */
export interface BrokerErrorOptions extends AsyncCallErrorOptions {
  /** The same operation may succeed later without a change by people. Default false. */
  readonly retriable?: boolean;
  /** The component that reported it does no more work; a new one is needed. Default false. */
  readonly fatal?: boolean;
  /** This member no longer owns what it acted on: another one does. Default false. */
  readonly fenced?: boolean;
}

/** An error of a broker operation, the same for every driver; the driver's own error is the cause. */
export class BrokerError extends AsyncCallError {
  /** The same operation may succeed later without a change by people. */
  readonly retriable: boolean;
  /** The component that reported it does no more work; a new one is needed. */
  readonly fatal: boolean;
  /** This member no longer owns what it acted on: another one does. */
  readonly fenced: boolean;

  constructor(code: ErrorCode, message: string, options: BrokerErrorOptions = {}) {
    super(code, message, options);
    this.retriable = options.retriable ?? false;
    this.fatal = options.fatal ?? false;
    this.fenced = options.fenced ?? false;
  }
}
