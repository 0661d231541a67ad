import { launch } from '#apps/distributed/servers/launched-process';

/** What launched-process.spec.ts starts, to kill it: it launches somebody who would stay for long. */
const [log] = process.argv.slice(2) as [string];
const launched = await launch('sleep', ['60'], { log });
console.log(`launched ${launched.pid}`);
