import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientKafka, type KafkaOptions, MessagePattern, Payload, Transport } from '@nestjs/microservices';
import { Kafka, logLevel } from 'kafkajs';
import { lastValueFrom, range } from 'rxjs';
import type { PeerClient } from './peer.js';

const TOPICS = ['bench.echo', 'bench.stream'];

@Controller()
class BenchController {
  @MessagePattern('bench.echo')
  echo(@Payload() value: object) {
    return value;
  }

  @MessagePattern('bench.stream')
  stream(@Payload() length: number) {
    return range(0, length);
  }
}

@Module({ controllers: [BenchController] })
class BenchModule {}

const optionsFor = (brokers: string[], groupId: string): NonNullable<KafkaOptions['options']> => ({
  client: { clientId: groupId, brokers },
  consumer: { groupId },
});

export async function startServer(brokers: string[]): Promise<void> {
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const topics = TOPICS.flatMap((topic) => [topic, `${topic}.reply`]).map((topic) => ({
    topic,
    numPartitions: 1,
  }));
  await admin.createTopics({ topics, waitForLeaders: true });
  await admin.disconnect();
  const app = await NestFactory.createMicroservice<KafkaOptions>(BenchModule, {
    transport: Transport.KAFKA,
    options: optionsFor(brokers, 'bench-server'),
    logger: ['error'],
  });
  await app.listen();
}

export async function startClient(brokers: string[]): Promise<PeerClient> {
  const client = new ClientKafka(optionsFor(brokers, 'bench-client'));
  for (const topic of TOPICS) client.subscribeToResponseOf(topic);
  await client.connect();
  return {
    echo: (value) => lastValueFrom(client.send('bench.echo', value as object)),
    stream: async (length) => {
      await lastValueFrom(client.send('bench.stream', length));
    },
  };
}
