// The service that answers, on Kafka.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { asyncCallsMicroservice } from 'nestjs-async-calls';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import { MoneyBrokerModule } from './money-broker.module.js';

const brokers = (process.env.KAFKA_BOOTSTRAP ?? 'localhost:9092').split(',');
const server = await NestFactory.createMicroservice(
  MoneyBrokerModule.on(kafkajs({ brokers })),
  asyncCallsMicroservice(),
);
server.enableShutdownHooks();
await server.listen();
