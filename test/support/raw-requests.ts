import type { Broker, ProducerRecord } from 'nestjs-async-calls';
import { sendAll } from './send-all.js';

/** A record as a program in any language may write it: headers by their names. */
export interface RawRecord extends Partial<Pick<ProducerRecord, 'partition' | 'value'>> {
  readonly topic: string;
  readonly key?: string;
  readonly headers: Readonly<Record<string, string | Buffer>>;
}

/** Writes records, one after the other, without this library's client. */
export async function writeRaw(broker: Broker, ...records: readonly RawRecord[]): Promise<void> {
  const producer = broker.createProducer({ clientId: 'test' });
  await producer.connect();
  for (const { topic, partition = 0, key, value = null, headers } of records) {
    const entries = Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)] as const);
    await sendAll(producer, [
      { topic, partition, key: key === undefined ? null : Buffer.from(key), value, headers: entries },
    ]);
  }
  await producer.close();
}
