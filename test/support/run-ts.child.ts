import { createInterface } from 'node:readline';
import { streamName } from '#eventing/stream-name';

/** What run-ts.spec.ts starts: greets, then echoes until it is told to end. */
console.log(`ready ${streamName('customer', process.argv[2]!)}`);
createInterface({ input: process.stdin }).on('line', (line) => {
  if (line === 'end') process.stdin.destroy();
  else console.log(`echo ${line}`);
});
