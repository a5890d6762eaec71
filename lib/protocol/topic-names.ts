/** The topics of a service, and who writes to and reads from them. */
export interface TopicNames {
  /** Any caller writes; the service's consumer group reads. */
  requests(service: string): string;
  /** Services that answer write; every instance of the calling service reads, without a group. */
  replies(service: string): string;
  /** Services that answer write; the consumer group of the calling service reads. */
  responses(service: string): string;
  /** The service writes what it could not serve; people read. */
  deadLetters(service: string): string;
  /** Publishers write; each subscribing service's consumer group reads. */
  events(name: string): string;
}

/** What Kafka takes as the name of a topic; asking it for another one may break the connection. */
const TOPIC_NAME = /^(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}$/;

/** Whether a topic can have that name. */
export function isTopicName(name: string): boolean {
  return TOPIC_NAME.test(name);
}

const INTERNAL = /^__|\.(requests|replies|responses|dead-letters|reply)$/;

/** Whether the topic is Kafka's own, this library's, or one that clients of Nest's own transport are answered in. */
export function isInternalTopic(topic: string): boolean {
  return INTERNAL.test(topic);
}

/** The default names, behind a prefix: `<prefix><service>.requests` and so on. */
export function topicNames(prefix = ''): TopicNames {
  return {
    requests: (service) => `${prefix}${service}.requests`,
    replies: (service) => `${prefix}${service}.replies`,
    responses: (service) => `${prefix}${service}.responses`,
    deadLetters: (service) => `${prefix}${service}.dead-letters`,
    events: (name) => `${prefix}${name}`,
  };
}
