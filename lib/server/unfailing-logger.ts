import type { Logger } from '@nestjs/common';

/** As much of a logger as is needed where something goes wrong. */
export type ServerLogger = Pick<Logger, 'error' | 'warn'>;

/** And as much as is needed of it to tell how it goes. */
export type ServiceLogger = ServerLogger & Pick<Logger, 'log'>;

/**
 * The logger, but it does not throw: what it is to print may be anything that a handler has thrown, with getters and
 * traps that throw again, and what the application has put in place of Nest's may do so too.
 */
export function unfailing(logger: ServiceLogger): ServiceLogger {
  const attempt = (log: () => void, otherwise: () => void = () => undefined) => {
    try {
      log();
    } catch {
      otherwise();
    }
  };
  return {
    log: (message: unknown) => attempt(() => logger.log(message)),
    warn: (message: unknown) => attempt(() => logger.warn(message)),
    error: (thrown: unknown, message?: string) =>
      attempt(
        () => (message === undefined ? logger.error(thrown) : logger.error(thrown, message)),
        () => attempt(() => logger.error(`${message ?? ''} (what was thrown cannot be printed)`)),
      ),
  };
}
