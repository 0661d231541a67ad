// Loaded before the server's own main file: everything it imports is there, and it waits for a line on stdin. So the
// next process can be ready at the moment at which the one before is killed.
import '#apps/standalone/server';
import { once } from 'node:events';

process.stdout.write('standing by\n');
await once(process.stdin, 'data');
process.stdin.destroy();
