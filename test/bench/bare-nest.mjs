// A Nest application on Fastify that parses the same body and answers it: what HTTP costs before anything is done.
import 'reflect-metadata';
import { Controller, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';

class Purchases {
  record() {
    return { status: 'accepted', stream: 'purchase-1', revision: 0, position: 1 };
  }
}
Controller('v1/purchases')(Purchases);
Post()(Purchases.prototype, 'record', Object.getOwnPropertyDescriptor(Purchases.prototype, 'record'));

class App {}
Module({ controllers: [Purchases] })(App);

const application = await NestFactory.create(App, new FastifyAdapter(), { logger: false });
await application.listen(0, '127.0.0.1');
console.log(`answers at ${(await application.getUrl()).replace('[::1]', '127.0.0.1')}`);
process.once('SIGTERM', () => application.close().then(() => process.exit(0)));
