import { BrokerError } from '../../../lib/broker/broker-error.js';
import type { Producer, SendResult } from '../../../lib/broker/producer.js';
import type { ProducerRecord } from '../../../lib/broker/record.js';

/** One call of `send` that waits for the test's decision. */
export interface SentBatch {
  readonly records: readonly ProducerRecord[];
  /** The broker has stored all of it. */
  succeed(): void;
  /** The broker has stored none of it, or only so many; anything but a broker's error rejects the call. */
  fail(error: unknown, stored?: number): void;
}

/** A producer whose sends end when, and as, the test says. */
export class ScriptedProducer implements Producer {
  /** Every batch that was sent. */
  readonly sent: SentBatch[] = [];
  /** Those that are under way. */
  readonly underWay: SentBatch[] = [];
  /** What was stored, in its order. */
  readonly log: ProducerRecord[] = [];
  connected = false;
  closed = false;

  async connect(): Promise<void> {
    this.connected = true;
  }

  send(records: readonly ProducerRecord[]): Promise<SendResult[]> {
    return new Promise((resolve, reject) => {
      const end = (stored: number, error?: BrokerError) => {
        this.underWay.splice(this.underWay.indexOf(batch), 1);
        resolve(records.map((record, index) => (error && index >= stored ? error : this.store(record))));
      };
      const batch: SentBatch = {
        records,
        succeed: () => end(records.length),
        fail: (error, stored = 0) => {
          if (error instanceof BrokerError) return end(stored, error);
          this.underWay.splice(this.underWay.indexOf(batch), 1);
          reject(error);
        },
      };
      this.sent.push(batch);
      this.underWay.push(batch);
    });
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  /** Ends everything that is under way, and what comes of it. */
  async succeedAll(): Promise<void> {
    for (await turn(); this.underWay.length > 0; await turn()) {
      while (this.underWay.length > 0) this.underWay[0].succeed();
    }
  }

  private store(record: ProducerRecord): SendResult {
    const { topic, partition } = record;
    return { topic, partition, offset: BigInt(this.log.push(record) - 1) };
  }
}

/** Resolves after the event loop has turned, and all promises that could have settled. */
export async function turn(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}
