import type { Logger } from '@nestjs/common';

/** As much of a logger as the server needs. */
export type ServerLogger = Pick<Logger, 'error' | 'warn'>;

/**
 * The logger, but it does not throw: what it is to print may be anything that a handler has thrown, with getters and
 * traps that throw again, and what the application has put in place of Nest's may do so too.
 */
export function unfailing(logger: ServerLogger): ServerLogger {
  const attempt = (log: () => void, otherwise: () => void = () => undefined) => {
    try {
      log();
    } catch {
      otherwise();
    }
  };
  return {
    warn: (message: unknown) => attempt(() => logger.warn(message)),
    error: (thrown: unknown, message?: string) =>
      attempt(
        () => (message === undefined ? logger.error(thrown) : logger.error(thrown, message)),
        () => attempt(() => logger.error(`${message ?? ''} (what was thrown cannot be printed)`)),
      ),
  };
}
