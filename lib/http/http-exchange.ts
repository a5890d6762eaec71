import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecutionContext } from '@nestjs/common';

/** Far longer than a client waits, and no number that a date cannot hold. */
const MAX_WAIT_S = 1_000_000_000;

/** A request and its response, whichever HTTP adapter handles them. */
export interface HttpExchange {
  readonly request: Pick<IncomingMessage, 'method' | 'headers'>;
  /** As the adapter knows it. */
  readonly response: unknown;
  /** As Node.js knows it. */
  readonly raw: ServerResponse;
}

/** The exchange that a handler works for; Fastify keeps Node's response inside its own. */
export function exchangeOf(context: ExecutionContext): HttpExchange {
  const http = context.switchToHttp();
  const response = http.getResponse<ServerResponse & { readonly raw?: ServerResponse }>();
  return { request: http.getRequest(), response, raw: response.raw ?? response };
}

/** Whether a client asks for JSON more than for events. One that does not say, or takes everything, gets events. */
export function prefersJson({ headers }: HttpExchange['request']): boolean {
  const weights = weightsOf(headers.accept ?? '');
  const json = Math.max(weights.get('application/json') ?? 0, weights.get('application/*') ?? 0);
  return json > (weights.get('text/event-stream') ?? 0);
}

function weightsOf(accept: string): Map<string, number> {
  return new Map(
    accept.split(',').map((range) => {
      const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
      const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
      return [type, weight === undefined ? 1 : Number(weight) || 0];
    }),
  );
}

/** Whether a client of events had this stream before: browsers connect again by themselves, with the id of the last event. */
export function isReconnect({ headers }: HttpExchange['request']): boolean {
  return (headers['last-event-id'] ?? '') !== '';
}

/**
 * Until when the client waits, in milliseconds since the epoch, by its header `Prefer: wait=10` (seconds, RFC 7240);
 * `Infinity` if it does not say.
 */
export function deadlineOf({ headers }: HttpExchange['request'], now = Date.now()): number {
  const preferences = [headers['prefer'] ?? []].flat().join(',');
  const [, seconds] = /(?:^|[,;])\s*wait\s*=\s*"?(\d+)"?\s*(?:[,;]|$)/i.exec(preferences) ?? [];
  if (seconds === undefined || Number(seconds) > MAX_WAIT_S) return Number.POSITIVE_INFINITY;
  return now + Number(seconds) * 1_000;
}
