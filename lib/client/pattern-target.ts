/** The endpoint of a plain pattern, `@MessagePattern({ cmd: 'sum' })`, of a service of this library. */
export interface PatternTarget {
  readonly service: string;
  /** The pattern as it is declared: text, a number or an object. */
  readonly pattern: unknown;
}

/** Whether an endpoint is addressed by its pattern. */
export function isPatternTarget(target: unknown): target is PatternTarget {
  return typeof target === 'object' && target !== null && 'pattern' in target;
}
