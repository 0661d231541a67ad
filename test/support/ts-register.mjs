// `node --conditions=source --import ./test/support/ts-register.mjs script.ts`
import { register } from 'node:module';

register('./ts-hooks.mjs', import.meta.url);

// A test that was itself killed leaves nobody to stop its children.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
}, 500).unref();
