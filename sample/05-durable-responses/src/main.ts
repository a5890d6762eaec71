import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { asyncCallsMicroservice } from 'nestjs-async-calls';
import { memory } from 'nestjs-async-calls/memory';
import { firstValueFrom } from 'rxjs';
import { DeliveryController, Orders, ShopModule } from './shop.module.js';
import { SupplierController, SupplierModule } from './supplier.module.js';

const broker = memory();

const supplier = await NestFactory.createMicroservice(SupplierModule.on(broker), asyncCallsMicroservice());
await supplier.listen();

const firstShop = await NestFactory.createApplicationContext(ShopModule.on(broker));
await firstShop.get(Orders).place('a bicycle', { orderId: 7 });
await firstShop.close();
console.log('The shop has ordered, and is closed.');

const answers = await firstValueFrom(supplier.get(SupplierController).answered);
console.log(`The supplier has answered ${answers} times.`);

const secondShop = await NestFactory.createMicroservice(ShopModule.on(broker), asyncCallsMicroservice());
const over = firstValueFrom(secondShop.get(DeliveryController).over);
console.log('The shop is open again.');
await secondShop.listen();
await over;
console.log('That was all.');

await secondShop.close();
await supplier.close();
