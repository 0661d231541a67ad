import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Module } from '@nestjs/common';
import { createServer, listen } from './server.js';

describe('a server that is closed', () => {
  it('answers what is under way, and does not wait for the next request of those who stay connected', async () => {
    let begun!: () => void;
    const underWay = new Promise<void>((resolve) => {
      begun = resolve;
    });
    let finish!: () => void;
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });

    @Controller('slow')
    class SlowController {
      @Get()
      async answer() {
        begun();
        await finished;
        return { answered: true };
      }
    }
    @Module({ controllers: [SlowController] })
    class SlowModule {}

    const settings = { apiKeys: [], publicPaths: [], bodyLimit: 1_000 };
    const application = await createServer([SlowModule], settings, { error: () => {} } as never);
    const url = new URL(await listen(application, { host: '127.0.0.1', port: 0 }));
    const caller = connect(Number(url.port), url.hostname).setEncoding('utf8');
    caller.write('GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await underWay;
    const closed = application.close();
    // By then it has looked for connections on which nothing is under way.
    await new Promise(setImmediate);
    finish();
    const [answer] = await once(caller, 'data');
    expect(answer).toMatch(/^HTTP\/1\.1 200[\s\S]*"answered":true/);
    await closed;
    caller.destroy();
  }, 3_000);
});
