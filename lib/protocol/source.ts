/** Who sent a message. */
export interface MessageSource {
  readonly service: string;
  /** Tells the instances of a service apart; chosen anew at each start. */
  readonly instance: string;
}

/** What the header says: `service/instance`. `undefined` where a foreign sender does not say. */
export function parseSource(source: string | undefined): MessageSource | undefined {
  if (!source) return undefined;
  const [service = '', instance = ''] = source.split('/', 2);
  return { service, instance };
}
