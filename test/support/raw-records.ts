import type { Broker, ProducerRecord, RecordHeader, TopicPartitionOffset } from 'nestjs-async-calls';
import { sendAll } from './send-all.js';

/** Headers as a foreign program writes them: text or bytes, and a name may come twice. */
export type RawHeaders = readonly (readonly [name: string, value: string | Buffer])[];

/** A record that no client of this library writes. */
export interface RawRecord {
  readonly key?: Buffer | null;
  readonly value?: Buffer | string | null;
  readonly headers?: RawHeaders;
  readonly timestamp?: number;
}

/** Writes records as they are, each by itself, and resolves with their places. */
export async function writeRaw(
  broker: Broker,
  place: { readonly topic: string; readonly partition: number },
  records: readonly RawRecord[],
): Promise<TopicPartitionOffset[]> {
  const producer = broker.createProducer({ clientId: 'foreign' });
  await producer.connect();
  const places: TopicPartitionOffset[] = [];
  for (const record of records) {
    places.push(...(await sendAll(producer, [{ ...place, ...toRecord(record) }])));
  }
  await producer.close();
  return places;
}

function toRecord({ key = null, value = null, headers = [], timestamp }: RawRecord) {
  const entries = headers.map(([name, bytes]): RecordHeader => [name, Buffer.from(bytes)]);
  const bytes = value === null ? null : Buffer.from(value);
  return { key, value: bytes, headers: entries, timestamp } satisfies Omit<
    ProducerRecord,
    'topic' | 'partition'
  >;
}
