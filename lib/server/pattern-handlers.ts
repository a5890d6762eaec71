import type { MessageHandler } from '@nestjs/microservices';
import { normalizeEndpoint } from '../protocol/endpoint-address.js';
import { AsyncCallError } from '../errors/async-call-error.js';
import { eventHandler } from './event-handler.js';

/** What serves a pattern. */
interface PatternEntry {
  readonly isEvent: boolean;
  /** One, or several of one event. */
  readonly handlers: MessageHandler[];
  readonly handler: MessageHandler;
}

/** A pattern that is a name, or a regular expression for several. */
export type Pattern = string | RegExp;

/**
 * Handlers that were declared for every transport: `@MessagePattern()` and `@EventPattern()` without a transport id. Each
 * serves the endpoint of its pattern's name; a regular expression serves those that it matches, without their first slash,
 * and that have no handler of their own. Of several expressions that match the one that was declared first counts.
 */
export class PatternHandlers {
  private readonly named = new Map<string, PatternEntry>();
  private readonly texts: string[] = [];
  private readonly expressions = new Map<
    string,
    { readonly expression: RegExp; readonly entry: PatternEntry }
  >();

  constructor(private readonly service: string) {}

  /** The patterns that are names, as they were declared. */
  get names(): readonly string[] {
    return this.texts;
  }

  /** All patterns as they were declared, for people. */
  get declared(): string[] {
    return [...this.texts, ...this.expressions.keys()];
  }

  get isEmpty(): boolean {
    return this.named.size + this.expressions.size === 0;
  }

  /** Whether there are regular expressions among the patterns. */
  get hasExpressions(): boolean {
    return this.expressions.size > 0;
  }

  /** Whether a regular expression matches that name. */
  matches(name: string): boolean {
    return this.matching(name) !== undefined;
  }

  /** Whether what is sent to that endpoint is an event. */
  isEvent(endpoint: string): boolean {
    return this.find(endpoint)?.isEvent ?? false;
  }

  handlerOf(endpoint: string): MessageHandler | undefined {
    return this.find(endpoint)?.handler;
  }

  /**
   * Adds a handler; of one event there may be several, which all run. Throws `invalid-argument` if there is another
   * handler of that pattern, and for an empty one.
   */
  add(pattern: Pattern, handler: MessageHandler, isEvent: boolean): void {
    const existing =
      pattern instanceof RegExp
        ? this.expressions.get(String(pattern))?.entry
        : this.named.get(normalizeEndpoint(pattern));
    if (existing) this.join(existing, pattern, handler, isEvent);
    else this.set(pattern, entryOf(handler, isEvent));
  }

  private join(
    { isEvent, handlers }: PatternEntry,
    pattern: Pattern,
    handler: MessageHandler,
    too: boolean,
  ): void {
    if (!isEvent || !too) {
      throw ambiguous(this.service, decoratorOf(pattern, isEvent), decoratorOf(pattern, too));
    }
    handlers.push(handler);
  }

  private set(pattern: Pattern, entry: PatternEntry): void {
    if (pattern instanceof RegExp) {
      // A copy: what others do to `lastIndex` changes what it matches.
      this.expressions.set(String(pattern), { expression: new RegExp(pattern), entry });
    } else {
      this.named.set(normalizeEndpoint(pattern), entry);
      this.texts.push(pattern);
    }
  }

  private find(endpoint: string): PatternEntry | undefined {
    return this.named.get(endpoint) ?? this.matching(endpoint.replace(/^\//, ''));
  }

  private matching(name: string): PatternEntry | undefined {
    // Strangers choose names, and some expressions take very long for long ones.
    if (name.length > MAX_MATCHED_LENGTH) return undefined;
    for (const { expression, entry } of this.expressions.values()) {
      // It is where the last match ended, if the expression is global or sticky.
      expression.lastIndex = 0;
      if (expression.test(name)) return entry;
    }
    return undefined;
  }
}

/** No topic has a longer name. */
const MAX_MATCHED_LENGTH = 249;

/** What two handlers of one name are refused with. */
export function ambiguous(service: string, first: string, second: string): AsyncCallError {
  return new AsyncCallError(
    'invalid-argument',
    `The service "${service}" has two handlers of one name: ${first} and ${second}. List each controller in one module, ` +
      'and give one of the handlers another name, or the id of the transport that it is for. ' +
      "With the module's option patterns: 'ignore' no plain pattern is served.",
  );
}

function entryOf(handler: MessageHandler, isEvent: boolean): PatternEntry {
  const handlers = [handler];
  return { isEvent, handlers, handler: isEvent ? eventHandler(handlers) : handler };
}

/** How a pattern was declared, for messages. */
export function decoratorOf(pattern: Pattern, isEvent: boolean): string {
  return `@${isEvent ? 'Event' : 'Message'}Pattern(${textOf(pattern)})`;
}

function textOf(pattern: Pattern): string {
  return pattern instanceof RegExp ? String(pattern) : `'${pattern}'`;
}
