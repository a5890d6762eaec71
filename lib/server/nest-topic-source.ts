import type { Delivery, Handle } from '../delivery/delivery.js';
import { isInternalTopic, isTopicName } from '../protocol/topic-names.js';
import { Intake } from './intake.js';
import { nestTopicKind } from './nest-topic-kind.js';
import type { PatternHandlers } from './pattern-handlers.js';
import type { RecordKind } from './record-kind.js';
import type { NestTopics, ServerOptions } from './server-options.js';
import type { Source } from './source.js';
import type { ServerLogger } from './unfailing-logger.js';

/**
 * What Nest's own Kafka server would read for the patterns: each name is a topic, each regular expression stands for the
 * topics that it matches, internal ones excepted. A name that no topic can have is served as an endpoint alone.
 */
export function nestTopicSource(
  { service, delivery: { concurrency, maxInFlight } }: ServerOptions,
  { startFrom, spec }: NestTopics,
  patterns: PatternHandlers,
  pipelineOf: (kind: RecordKind) => Handle<Delivery>,
  logger: ServerLogger,
): Source {
  return {
    topics: patterns.names.filter(isTopicName).map((topic) => ({ ...spec, topic })),
    accepts: patterns.hasExpressions ? acceptor(patterns, logger) : undefined,
    startFrom,
    intake: new Intake({
      concurrency,
      maxInFlight,
      handle: pipelineOf(nestTopicKind(service, patterns)),
      laneOf: ({ key }) => key,
    }),
  };
}

/** Topics come to be asked for again and again: people are warned once. */
function acceptor(patterns: PatternHandlers, logger: ServerLogger): (topic: string) => boolean {
  let hasWarned = false;
  return (topic) => {
    if (!patterns.matches(topic)) return false;
    if (!isInternalTopic(topic)) return true;
    if (!hasWarned) logger.warn(passedOver(topic));
    hasWarned = true;
    return false;
  };
}

function passedOver(topic: string): string {
  return (
    `${topic} is not read, though a regular expression of a pattern matches it: it is an internal topic. ` +
    'So are all that end in .requests, .replies, .responses, .dead-letters or .reply, or begin with __'
  );
}
