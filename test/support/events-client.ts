import { afterEach } from '@jest/globals';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { Agent, fetch, type RequestInit, type Response } from 'undici';
import { waitFor } from './wait-for.js';

let agent = new Agent();

// Import this before ./services.js: a server is not closed while a client keeps a connection to it.
afterEach(async () => {
  await agent.destroy();
  agent = new Agent();
});

/** A request whose connection is closed after the test. */
export function request(url: string, init: RequestInit = {}): Promise<Response> {
  return fetch(url, { ...init, dispatcher: agent });
}

/** A client of Server-Sent Events that does not connect again. Its connection is closed after the test. */
export class EventsClient {
  /** What has come so far. */
  readonly events: EventSourceMessage[] = [];
  readonly comments: string[] = [];
  readonly retries: number[] = [];
  /** The text as it came. */
  text = '';
  /** `ended` if the server has ended the response, `cut` if it was cut off. */
  state: 'open' | 'ended' | 'cut' = 'open';
  private readonly parser = createParser({
    onEvent: (event) => this.events.push(event),
    onComment: (comment) => this.comments.push(comment),
    onRetry: (retry) => this.retries.push(retry),
  });

  private constructor(
    readonly response: Response,
    private readonly leaving: AbortController,
  ) {}

  /** Resolves when the head of the response is there. */
  static async connect(url: string, { headers, ...init }: RequestInit = {}): Promise<EventsClient> {
    const leaving = new AbortController();
    const response = await request(url, {
      ...init,
      headers: { accept: 'text/event-stream', ...(headers as Record<string, string>) },
      signal: leaving.signal,
    });
    const client = new EventsClient(response, leaving);
    void client.read();
    return client;
  }

  /** The data of the events so far that have no type. */
  get values(): unknown[] {
    return this.events
      .filter(({ event }) => event === undefined)
      .map(({ data }) => JSON.parse(data) as unknown);
  }

  /** The types and data of the others. */
  get signals(): [string | undefined, unknown][] {
    return this.events
      .filter(({ event }) => event !== undefined)
      .map(({ event, data }) => [event, JSON.parse(data) as unknown]);
  }

  /** Resolves when so many events without a type have come. */
  async received(count: number): Promise<unknown[]> {
    await waitFor(() => this.values.length >= count, { what: `${count} events` });
    return this.values;
  }

  /** Resolves with how the response has ended. */
  async over(): Promise<'ended' | 'cut'> {
    await waitFor(() => this.state !== 'open', { what: 'the end of the events' });
    return this.state as 'ended' | 'cut';
  }

  /** Closes the connection. */
  leave(): void {
    this.leaving.abort();
  }

  private async read(): Promise<void> {
    const decoder = new TextDecoder();
    try {
      for await (const chunk of this.response.body ?? []) {
        const text = decoder.decode(chunk as Uint8Array, { stream: true });
        this.text += text;
        this.parser.feed(text);
      }
      this.state = 'ended';
    } catch {
      this.state = 'cut';
    }
  }
}
