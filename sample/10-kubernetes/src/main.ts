import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { asyncCallsMicroservice } from 'nestjs-async-calls';
import { AppModule } from './app.module.js';
import { readSettings } from './environment.js';

const settings = readSettings(process.env);
const app = await NestFactory.createMicroservice(AppModule.with(settings), asyncCallsMicroservice());
// Otherwise Nest ends the process by a signal that it sends to itself, and Linux keeps that from PID 1.
app.enableShutdownHooks(['SIGTERM', 'SIGINT'], { useProcessExit: true });
await app.listen();
