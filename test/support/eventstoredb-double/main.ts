import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { EventStoreDbDouble } from './double.js';

/**
 * The double as a process of its own on a file: `main.ts FILE [PORT]`; prints `ready CONNECTION_STRING` when it is.
 * Environment: DOUBLE_TLS_CERTIFICATE and DOUBLE_TLS_KEY (files in PEM), DOUBLE_USERS (`name:password,...`),
 * DOUBLE_CLUSTER (the ports of all members, which share FILE; the first one leads until another is told `lead`).
 * Lines on stdin make something go wrong, each answered by `done LINE`:
 * `drop`, `lose-next-answer`, `silent [MS]`, `speak`, `repeat N`, `lead`. Each subscription that is given events again is
 * told as `repeated N`.
 */
const [file, port = '0'] = process.argv.slice(2) as [string, string?];
const {
  DOUBLE_TLS_CERTIFICATE: certificate,
  DOUBLE_TLS_KEY: key,
  DOUBLE_USERS: users,
  DOUBLE_CLUSTER: cluster,
} = process.env;
const double = new EventStoreDbDouble(file, {
  ...(certificate && key ? { tls: { certificate: readFileSync(certificate), key: readFileSync(key) } } : {}),
  ...(users ? { users: new Map(users.split(',').map((user) => user.split(':') as [string, string])) } : {}),
  ...(cluster ? { cluster: cluster.split(',').map(Number) } : {}),
});
double.faults.onRepeat = (events) => console.log(`repeated ${events}`);

const orders: Readonly<Record<string, (argument: string | undefined) => void>> = {
  drop: () => double.dropConnections(),
  'lose-next-answer': () => {
    double.faults.loseNextAnswer = true;
  },
  silent: (ms) => double.faults.fallSilent(ms === undefined ? undefined : Number(ms)),
  speak: () => double.faults.speak(),
  repeat: (events) => {
    double.faults.repeated = Number(events);
  },
  lead: () => double.takeLead(),
};

createInterface({ input: process.stdin }).on('line', (line) => {
  const [name = '', argument] = line.split(' ');
  const order = orders[name];
  if (!order) throw new Error(`Not an order: ${line}`);
  order(argument);
  console.log(`done ${line}`);
});

console.log(`ready ${await double.listen(Number(port))}`);
