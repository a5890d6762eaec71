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
