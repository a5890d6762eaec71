import { randomBytes } from 'node:crypto';

/** A name for a topic, service or group that no other test, process or earlier run uses. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomBytes(6).toString('hex')}`;
}
