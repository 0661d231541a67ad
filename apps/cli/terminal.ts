import Table from 'cli-table3';

/** Progress goes to stderr, and only where somebody looks: on a terminal, not in a pipe. */
export class Progress {
  private last = 0;
  private readonly started = Date.now();
  private readonly shown = process.stderr.isTTY === true;

  constructor(private readonly what: string) {}

  update(done: number, total?: number): void {
    const now = Date.now();
    if (!this.shown || now - this.last < 100) return;
    this.last = now;
    const share = total ? ` of ${format(total)} (${Math.floor((100 * done) / total)} %)` : '';
    const rate = Math.round((1000 * done) / Math.max(1, now - this.started));
    process.stderr.write(`\r\x1b[K${this.what}: ${format(done)}${share}, ${format(rate)}/s`);
  }

  say(text: string): void {
    if (this.shown) process.stderr.write(`\r\x1b[K${text}`);
  }

  end(): void {
    if (this.shown) process.stderr.write('\r\x1b[K');
  }
}

const format = (value: number): string => value.toLocaleString('en-US');

export type Cell = string | number | boolean | null | undefined;

/** Rows as a table; numbers stand to the right. */
export const table = (head: readonly string[], rows: readonly (readonly Cell[])[]): string => {
  const right = head.map((_, i) => rows.every((row) => typeof row[i] !== 'string' || isNumeric(row[i])));
  const drawn = new Table({
    head: [...head],
    colAligns: right.map((isRight) => (isRight ? 'right' : 'left')),
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows)
    drawn.push(
      row.map((cell) =>
        cell === null || cell === undefined
          ? ''
          : typeof cell === 'object'
            ? JSON.stringify(cell)
            : String(cell),
      ),
    );
  return drawn.toString();
};

/** Rows that are objects of the same fields. */
export const recordsTable = (records: readonly Readonly<Record<string, Cell>>[]): string => {
  const head = Object.keys(records[0] ?? {});
  return table(
    head,
    records.map((record) => head.map((name) => record[name])),
  );
};

const isNumeric = (cell: Cell): boolean => typeof cell === 'string' && /^-?[\d.,]+%?$/.test(cell);
