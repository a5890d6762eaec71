import 'reflect-metadata';
import 'nestjs-async-calls/testing/jest';
