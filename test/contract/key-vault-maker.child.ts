import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { MasterKey } from '#personal-data/master-key';
import { openPostgresKeyVault } from '#personal-data/postgres/key-vault';
import { openPostgres } from '#postgres/postgres';

// Makes the keys of 500 customers when it is told to, one by one and many at a time, and says which they are.
const postgres = await openPostgres(process.env.DATABASE as string, { log: console });
const vault = await openPostgresKeyVault({
  postgres,
  masterKey: new MasterKey(process.env.MASTER_KEY as string),
});
const owners = Array.from({ length: 500 }, (_, i) => `customer ${i}`);
// In another order in each process.
if (process.env.BACKWARDS) owners.reverse();
process.stdout.write('ready\n');
await once(process.stdin, 'data');
const made = await Promise.all([
  ...Array.from({ length: 10 }, (_, i) => vault.keysFor(owners.slice(i * 50, i * 50 + 100))),
  ...owners.slice(0, 50).map((owner) => vault.keysFor([owner])),
]);
const keys = new Map<string, string>();
for (const each of made)
  for (const [owner, { id, secret }] of each) {
    const key = `${id} ${secret.toString('hex')}`;
    if ((keys.get(owner) ?? key) !== key) throw new Error(`${owner} has two keys`);
    keys.set(owner, key);
  }
const digest = createHash('sha256')
  .update(JSON.stringify([...keys].sort()))
  .digest('hex');
process.stdout.write(`${keys.size} keys ${digest}\n`);
process.stdin.destroy();
await vault.close();
await postgres.close();
