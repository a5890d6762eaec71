import { BrokerError } from '../broker/broker-error.js';
import type { Producer, SendResult } from '../broker/producer.js';
import { keyOf } from '../broker/memory/topic-store.js';
import type { ProducerRecord } from '../broker/record.js';
import type { Environment } from '../environment/environment.js';
import type { SentRecord } from './message-log.js';
import type { SenderView, SentMessage } from './sent-message.js';
import { never, type SimulatedProcess } from './simulated-process.js';
import { brokerStopped, type TestWorld } from './test-world.js';

/** As long as a driver tries to send. */
const SEND_TIMEOUT_MS = 30_000;

/** Writes what a service sends, with the faults of the test, and notes it. */
export class TestingProducer implements Producer {
  constructor(
    private readonly base: Producer,
    private readonly world: TestWorld,
    private readonly process: SimulatedProcess,
    private readonly sender: SenderView,
  ) {}

  connect(): Promise<void> {
    return this.base.connect();
  }

  async send(records: readonly ProducerRecord[]): Promise<SendResult[]> {
    const arrived = this.world.deliveries.sendingStarted();
    // What a process that dies has not sent yet is not sent any more: nobody is to wait for it.
    const forget = this.process.onEnd(arrived);
    try {
      const results = await this.sendWithFaults(records);
      return this.process.hasEnded ? await never() : results;
    } finally {
      forget();
      arrived();
    }
  }

  close(): Promise<void> {
    return this.base.close();
  }

  private async sendWithFaults(records: readonly ProducerRecord[]): Promise<SendResult[]> {
    const { faults, log } = this.world;
    const sent = records.map((record) => this.world.sentRecord(record, this.sender));
    // Reading them costs something, and without faults nobody asks.
    const messages = faults.areSet ? sent.map((each) => log.messagesIn(each)) : [];
    const delayMs = faults.delayOf(messages.flat());
    if (delayMs > 0) await elapsed(this.process.environment, delayMs);
    if (faults.brokerIsStopped && !(await this.brokerReturns())) {
      return records.map(() => brokerStopped('sending'));
    }
    if (this.process.hasEnded) return never();
    const refusals = this.refusalsOf(sent, messages);
    const taken = sent.filter((each) => !refusals.has(each));
    const results = await this.write(taken);
    // As a producer does that has not heard of its success.
    if (faults.isDuplicated(messages.flat())) await this.write(taken);
    const rest = results.values();
    return sent.map((each) => refusals.get(each) ?? rest.next().value!);
  }

  /** The records that are refused, and why. A record behind one that is refused is not stored either, to keep the order. */
  private refusalsOf(
    sent: readonly SentRecord[],
    messages: readonly (readonly SentMessage[])[],
  ): Map<SentRecord, BrokerError> {
    const partitions = new Map<string, BrokerError>();
    const refusals = new Map<SentRecord, BrokerError>();
    for (const [index, ofRecord] of messages.entries()) {
      const place = keyOf(sent[index].record);
      const refusal = partitions.get(place) ?? this.world.faults.refusalOf(ofRecord);
      if (!refusal) continue;
      partitions.set(place, refusal);
      refusals.set(sent[index], refusal);
    }
    return refusals;
  }

  private async write(sent: readonly SentRecord[]): Promise<SendResult[]> {
    const { log } = this.world;
    // Not when they are acknowledged: by then they may have been answered.
    for (const each of sent) log.add(each);
    const results = await this.base.send(sent.map(({ record }) => record));
    for (const [index, result] of results.entries()) {
      if (result instanceof BrokerError) log.remove(sent[index]);
      else this.world.stored(sent[index], result);
    }
    return results;
  }

  /** Whether it does within the time that a driver waits for it. */
  private brokerReturns(): Promise<boolean> {
    const { environment } = this.process;
    return new Promise((resolve) => {
      const end = (isBack: boolean) => {
        environment.clearTimeout(timer);
        forget();
        resolve(isBack);
      };
      const timer = environment.setTimeout(() => end(false), SEND_TIMEOUT_MS);
      const forget = this.world.faults.onBroker((isStopped) => !isStopped && end(true));
    });
  }
}

function elapsed(environment: Environment, ms: number): Promise<void> {
  return new Promise((resolve) => environment.setTimeout(resolve, ms));
}
