import { openWarehouse } from '#warehouse/warehouse';

// Inserts what it is told, a batch per line, into the embedded warehouse of a directory.

const [dir = '', batchRows = '1000'] = process.argv.slice(2);
const rows = Number(batchRows);
const warehouse = await openWarehouse({ dir });
await warehouse.command(
  `CREATE TABLE IF NOT EXISTS facts (id UInt64, text String) ENGINE = MergeTree ORDER BY id
   SETTINGS non_replicated_deduplication_window = 100, fsync_after_insert = 1, old_parts_lifetime = 480`,
);
console.log('open');
process.stdin.setEncoding('utf8').on('data', async (text: string) => {
  for (const batch of text.trim().split('\n').map(Number)) {
    const lines = Array.from({ length: rows }, (_, i) =>
      JSON.stringify({ id: batch * rows + i, text: crypto.randomUUID() }),
    );
    await warehouse.insertLines('facts', lines.join('\n'), { insert_deduplication_token: `batch-${batch}` });
    const [counted] = await warehouse.rows<{ rows: number }>('SELECT count() AS rows FROM facts');
    console.log(`inserted, ${counted?.rows} rows`);
  }
});
