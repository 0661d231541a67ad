import { startPerennial } from './built-server.js';
import { inFolder, percentile, report } from './measure.js';

/** From an acknowledged command to its row in every view, at a steady 1,000 commands a second, over HTTP. */
const SECONDS = Number(process.argv[2] ?? 15);
const RATE = 1000;
const TICK_MS = 20;

await inFolder(async (dir) => {
  const server = await startPerennial(dir);
  const delays: number[] = [];
  const waiting: Promise<void>[] = [];
  let number = 0;
  const send = async (prefer: boolean): Promise<void> => {
    number += 1;
    const body = JSON.stringify({
      orderId: `order-${number}`,
      customerId: `customer-${number % 5000}`,
      occurredAt: '2024-05-01',
      total: { amount: '24.68', currency: 'EUR' },
    });
    const started = performance.now();
    const headers = { 'content-type': 'application/json', ...(prefer && { prefer: 'wait=30' }) };
    const response = await fetch(`${server.url}/v1/purchases`, { method: 'POST', headers, body });
    const answer = (await response.json()) as { visible?: boolean };
    if (prefer && answer.visible) delays.push(performance.now() - started);
  };
  const begin = performance.now();
  let sent = 0;
  while (performance.now() - begin < SECONDS * 1000) {
    const due = Math.floor(((performance.now() - begin) / 1000) * RATE);
    // Every tenth is watched until it is visible.
    for (; sent < due; sent++) waiting.push(send(sent % 10 === 0));
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  await Promise.all(waiting);
  const rate = sent / ((performance.now() - begin) / 1000);
  await server.stop();
  report('commands a second while measured', rate.toFixed(0));
  report(
    'from sending a command to its row in every view, p50',
    `${percentile(delays, 0.5).toFixed(0)} ms`,
    'under 250 ms',
  );
  report('p99', `${percentile(delays, 0.99).toFixed(0)} ms`, 'under 1 s');
});
