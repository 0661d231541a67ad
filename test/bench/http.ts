import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { type BuiltServer, startBuilt, startPerennial } from './built-server.js';
import { inFolder, median, perSecond, report } from './measure.js';

/**
 * Validated, durable commands over HTTP against bare Nest with the same body, in turn, several times. The load comes
 * from a process of its own; both share the machine's cores with it alike.
 */
const ROUNDS = Number(process.argv[2] ?? 5);
const SECONDS = 4;
const CONNECTIONS = 32;

const { autocannon } = createRequire(resolve('test/bench/peers/package.json'))('autocannon') as {
  autocannon: never;
};
const cannon = (autocannon ?? createRequire(resolve('test/bench/peers/package.json'))('autocannon')) as (
  options: object,
) => Promise<{ requests: { total: number }; non2xx: number; duration: number }>;

let order = 0;
const load = async ({ url }: BuiltServer): Promise<number> => {
  const result = await cannon({
    url: `${url}/v1/purchases`,
    connections: CONNECTIONS,
    duration: SECONDS,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    requests: [
      {
        setupRequest: (request: object) => {
          order += 1;
          const body = {
            orderId: `order-${process.pid}-${order}`,
            customerId: `customer-${order % 5000}`,
            occurredAt: '2024-05-01T10:00:00Z',
            total: { amount: '24.68', currency: 'EUR' },
            lines: [{ sku: 'sku-12', quantity: '2', unitPrice: { amount: '12.34', currency: 'EUR' } }],
            channel: 'web',
          };
          return { ...request, body: JSON.stringify(body) };
        },
      },
    ],
  });
  if (result.non2xx > 0) throw new Error(`${result.non2xx} answers were not 2xx`);
  return result.requests.total / result.duration;
};

await inFolder(async (dir) => {
  const ours = await startPerennial(dir);
  const bare = await startBuilt('test/bench/bare-nest.mjs', []);
  await load(ours);
  await load(bare);
  const rates: { ours: number; bare: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) rates.push({ bare: await load(bare), ours: await load(ours) });
  await Promise.all([ours.stop(), bare.stop()]);
  report('bare Nest on Fastify', perSecond(median(rates.map((rate) => rate.bare))));
  report('validated, durable commands over HTTP', perSecond(median(rates.map((rate) => rate.ours))));
  report('ratio', median(rates.map((rate) => rate.ours / rate.bare)).toFixed(2), 'at least 0.6');
});
