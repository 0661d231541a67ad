import { closeInTime } from '#apps/service/close-in-time';
import { createLogger } from '#platform/logging';
import { openWarehouse } from '#warehouse/warehouse';

// Closes for ever, with a query under way in the engine that is in this process.

const [dir = '', withinMs = ''] = process.argv.slice(2);
const warehouse = await openWarehouse({ dir });
const other = await warehouse.connect();
void warehouse.rows('SELECT sum(sipHash64(number)) FROM numbers(1000000000000)');
const isRunning = async () => {
  const rows = await other.rows(`SELECT 1 FROM system.processes WHERE query LIKE 'SELECT sum(sip%'`);
  return rows.length > 0;
};
while (!(await isRunning()));
console.log('closes');
await closeInTime(() => new Promise(() => {}), createLogger('info'), Number(withinMs));
