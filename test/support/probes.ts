import type { HealthReport } from 'nestjs-async-calls/health';

/** What a probe was answered with. */
export interface Probed {
  readonly status: number;
  readonly headers: Headers;
  readonly body: HealthReport;
  /** Why it is not 200, in the order of the checks. */
  readonly why: string[];
}

/** Probes, over a connection of its own, as an orchestrator does. */
export async function probe(url: string): Promise<Probed> {
  const response = await fetch(url, { headers: { connection: 'close' } });
  const body = (await response.json()) as HealthReport;
  const reasons = (body.error?.['async-calls']?.['reasons'] ?? []) as readonly { readonly why: string }[];
  return { status: response.status, headers: response.headers, body, why: reasons.map(({ why }) => why) };
}
