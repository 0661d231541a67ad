import { EventStoreDbDouble } from './double.js';

/** The double as a process of its own on a file: `main.ts FILE [PORT]`; prints the connection string when it is ready. */
const [file, port] = process.argv.slice(2) as [string, string?];
const double = new EventStoreDbDouble(file);
console.log(`ready ${await double.listen(Number(port ?? 0))}`);
