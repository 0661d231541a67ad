import { startPerennial } from './built-server.js';
import { inFolder, median, report } from './measure.js';

/** From the start of the process to the first good answer of /health/ready: on an empty directory, and again. */
const ROUNDS = Number(process.argv[2] ?? 5);

const ready = async (dir: string): Promise<number> => {
  const started = performance.now();
  const server = await startPerennial(dir);
  const { ok } = await fetch(`${server.url}/health/ready`);
  const seconds = (performance.now() - started) / 1000;
  await server.stop();
  if (!ok) throw new Error('not ready');
  return seconds;
};

const first: number[] = [];
const again: number[] = [];
for (let round = 0; round < ROUNDS; round++)
  await inFolder(async (dir) => {
    first.push(await ready(dir));
    again.push(await ready(dir));
  });
report('start to ready, empty directory', `${median(first).toFixed(2)} s`, 'under 3 s');
report('start to ready, again', `${median(again).toFixed(2)} s`, 'under 3 s');
