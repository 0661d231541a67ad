import type { CsvRow, Mapping } from './mapping.js';

export interface NumberedRow {
  /** Line of the file, 1 for the head. */
  readonly line: number;
  readonly row: CsvRow;
}

export interface ImportContext {
  readonly mapping: Mapping;
  /** Values that stand in no column, for every row: `--set channel=web`. */
  readonly constants: Mapping;
  readonly currency?: string;
  readonly readDate: (text: string | undefined) => string | undefined;
  /** Whether anything on this line was refused so far. */
  readonly isLineRefused: (line: number) => boolean;
}

export interface CommandToSend {
  readonly type: string;
  readonly data: object;
}

/** Commands that come from the same lines of the file; they are sent in this order. */
export interface ImportedFact {
  readonly lines: readonly number[];
  readonly commands: readonly CommandToSend[];
}

/** Sent when all before it is answered, and answered before anything after it is sent. */
export interface Milestone {
  readonly milestone: () => CommandToSend;
}

/** A row that needs no server to be refused. */
export interface RefusedFact {
  readonly lines: readonly number[];
  readonly code: string;
  readonly reason: string;
}

export interface Importer {
  /** Fields that may be mapped; `attributes.*` stands for any below it. */
  readonly fields: readonly string[];
  readonly required: readonly string[];
  facts(rows: AsyncIterable<NumberedRow>, context: ImportContext): AsyncIterable<Fact>;
}

export type Fact = ImportedFact | RefusedFact | Milestone;

/** An importer of which every row stands for itself. */
export const perRow = (
  fields: readonly string[],
  required: readonly string[],
  commandsOf: (row: CsvRow, context: ImportContext) => ImportedFact['commands'],
): Importer => ({
  fields,
  required,
  async *facts(rows, context) {
    for await (const { line, row } of rows) yield { lines: [line], commands: commandsOf(row, context) };
  },
});
