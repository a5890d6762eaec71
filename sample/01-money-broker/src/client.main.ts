// The service that calls, on Kafka.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { kafkajs } from 'nestjs-async-calls/kafkajs';
import { Customer } from './customer.js';
import { CustomerModule } from './customer.module.js';

const brokers = (process.env.KAFKA_BOOTSTRAP ?? 'localhost:9092').split(',');
const client = await NestFactory.createApplicationContext(CustomerModule.on(kafkajs({ brokers })));
await client.get(Customer).askForMoney({ amount: 1_000_000 });
await client.close();
