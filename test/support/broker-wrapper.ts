import type { Broker, Producer } from 'nestjs-async-calls';

/** The broker, with some of what it makes replaced. */
export function wrapBroker(broker: Broker, replaced: Partial<Broker>): Broker {
  return {
    name: broker.name,
    capabilities: broker.capabilities,
    createProducer: (identity) => broker.createProducer(identity),
    createGroupConsumer: (identity, options) => broker.createGroupConsumer(identity, options),
    createAssignedConsumer: (identity, options) => broker.createAssignedConsumer(identity, options),
    createAdmin: (identity) => broker.createAdmin(identity),
    ...replaced,
  };
}

/** The broker, with each `send` of its producers going by way of this function. */
export function interceptSends(
  broker: Broker,
  intercept: (
    records: Parameters<Producer['send']>[0],
    send: Producer['send'],
  ) => ReturnType<Producer['send']>,
): Broker {
  return wrapBroker(broker, {
    createProducer: (identity) => {
      const producer = broker.createProducer(identity);
      return {
        connect: () => producer.connect(),
        send: (records) => intercept(records, (passed) => producer.send(passed)),
        close: () => producer.close(),
      };
    },
  });
}
