import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { type CsvError, parse } from 'csv-parse';
import { stringify } from 'csv-stringify';
import { CliError } from '../cli-error.js';
import type { Problem, Target } from '../target.js';
import type { Progress } from '../terminal.js';
import type { CommandToSend, Importer, NumberedRow } from './importer.js';
import { type CsvRow, checkMapping, dateReader, type Mapping } from './mapping.js';
import { sendCommands } from './send-commands.js';

export interface ImportOptions {
  readonly mapping: Mapping;
  readonly constants: Mapping;
  readonly currency?: string;
  readonly dateFormat?: string;
  /** Default: beside the file. */
  readonly refusedFile?: string;
  readonly dryRun: boolean;
}

export interface ImportSummary {
  readonly file: string;
  readonly dryRun: boolean;
  readonly rows: number;
  /** Commands that appended something. */
  readonly accepted: number;
  /** Commands whose fact was already there. */
  readonly repeated: number;
  readonly refusedRows: number;
  /** Where the refused rows stand with line and reason; null when there are none. */
  readonly refusedFile: string | null;
  readonly seconds: number;
}

/** Commands a request: enough for the server to group their writes, few enough to show progress. */
const BATCH = 5000;

interface Sent extends CommandToSend {
  readonly lines: readonly number[];
}

export const runImport = async (
  target: Target,
  importer: Importer,
  file: string,
  options: ImportOptions,
  progress: Progress,
): Promise<ImportSummary> => {
  if (!existsSync(file)) throw new CliError(`There is no file ${file}.`);
  const started = Date.now();
  const refused = new RefusedRows(file, options.refusedFile);
  const sender = new Sender(target, options.dryRun, refused);
  let rows = 0;
  const counted = async function* () {
    for await (const row of readCsv(file, (columns) => check(importer, columns, options))) {
      rows += 1;
      yield row;
    }
  };
  const facts = importer.facts(counted(), {
    mapping: options.mapping,
    constants: options.constants,
    currency: options.currency,
    readDate: dateReader(options.dateFormat),
    isLineRefused: (line) => refused.has(line),
  });
  for await (const fact of facts) {
    if ('milestone' in fact) await sender.milestone(fact.milestone);
    else if ('reason' in fact) for (const line of fact.lines) refused.add(line, fact.code, fact.reason);
    else await sender.add(fact.commands.map((command) => ({ ...command, lines: fact.lines })));
    progress.update(rows);
  }
  await sender.flush();
  progress.end();
  return {
    file,
    dryRun: options.dryRun,
    rows,
    ...sender.counts,
    refusedRows: refused.count,
    refusedFile: await refused.write(),
    seconds: (Date.now() - started) / 1000,
  };
};

const check = (importer: Importer, columns: readonly string[], { mapping, constants }: ImportOptions) => {
  const required = importer.required.filter((field) => !constants.has(field));
  checkMapping(mapping, columns, importer.fields, required);
  checkMapping(new Map([...constants.keys()].map((field) => [field, ''])), [''], importer.fields, []);
};

/** The rows of a CSV file, gzipped or not; quoted line breaks count as lines of the file. */
async function* readCsv(file: string, checkHead: (columns: string[]) => void): AsyncGenerator<NumberedRow> {
  let checked = false;
  const parser = parse({
    bom: true,
    columns: true,
    info: true,
    // Files are met whose head ends otherwise than their rows.
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    skip_empty_lines: true,
  });
  const source = createReadStream(file);
  const reading = file.endsWith('.gz') ? pipeline(source, createGunzip(), parser) : pipeline(source, parser);
  reading.catch(() => {}); // the same error ends the loop below
  try {
    for await (const { record, info } of parser as AsyncIterable<{
      record: CsvRow;
      info: { lines: number };
    }>) {
      if (!checked) checkHead(Object.keys(record));
      checked = true;
      yield { line: info.lines, row: record };
    }
  } catch (error) {
    if (
      !(error as CsvError).code?.startsWith('CSV_') &&
      !(error as NodeJS.ErrnoException).code?.startsWith('Z_')
    )
      throw error;
    throw new CliError(`${file} cannot be read as CSV: ${(error as Error).message}`);
  }
  if (!checked) throw new CliError(`${file} has no rows.`);
}

/** Sends commands in batches and sorts the answers. */
class Sender {
  private readonly waiting: Sent[] = [];
  readonly counts = { accepted: 0, repeated: 0 };

  constructor(
    private readonly target: Target,
    readonly dryRun: boolean,
    private readonly refused: RefusedRows,
  ) {}

  async add(commands: readonly Sent[]): Promise<void> {
    this.waiting.push(...commands);
    if (this.waiting.length >= BATCH) await this.flush();
  }

  /** Without the milestone nothing that follows could be accepted. */
  async milestone(command: () => CommandToSend): Promise<void> {
    await this.flush();
    const sent = command();
    if (this.dryRun) return;
    const [answer] = await sendCommands(this.target, [sent], this);
    if (answer?.status === 'rejected')
      throw new CliError(`${sent.type} was refused: ${reasonOf(answer.problem)}`, answer.problem);
    if (answer) this.counts[answer.status] += 1;
  }

  async flush(): Promise<void> {
    const batch = this.waiting.splice(0);
    if (batch.length === 0) return;
    const answers = await sendCommands(this.target, batch, this);
    for (const [i, answer] of answers.entries()) {
      if (answer.status !== 'rejected') this.counts[answer.status] += 1;
      else
        for (const line of batch[i]?.lines ?? [])
          this.refused.add(
            line,
            answer.problem?.code ?? 'refused',
            `${batch[i]?.type}: ${reasonOf(answer.problem)}`,
          );
    }
  }
}

const reasonOf = (problem: Problem | undefined): string =>
  [
    problem?.detail ?? problem?.title ?? 'refused',
    ...(problem?.errors ?? []).map((e) => `${e.path} ${e.reason}`),
  ].join('; ');

/** Refused rows as they stood in the file, with line, code and reason, for whoever mends them. */
class RefusedRows {
  private readonly reasons = new Map<number, { code: string; reason: string }>();
  private readonly path: string;

  constructor(
    private readonly file: string,
    path: string | undefined,
  ) {
    this.path = path ?? `${file.replace(/(\.csv)?(\.gz)?$/i, '')}.rejected.csv`;
  }

  has(line: number): boolean {
    return this.reasons.has(line);
  }

  add(line: number, code: string, reason: string): void {
    if (!this.reasons.has(line)) this.reasons.set(line, { code, reason });
  }

  get count(): number {
    return this.reasons.size;
  }

  /**
   * Rows are read again rather than kept: a file may have millions. A file left by an earlier import goes: it would
   * be taken for this one's.
   */
  async write(): Promise<string | null> {
    if (this.count === 0) {
      await rm(this.path, { force: true });
      return null;
    }
    const { reasons } = this;
    const rows = async function* (this: RefusedRows) {
      for await (const { line, row } of readCsv(this.file, () => {})) {
        const found = reasons.get(line);
        if (found) yield { line, ...found, ...row };
      }
    }.bind(this);
    await pipeline(rows(), stringify({ header: true }), createWriteStream(this.path));
    return this.path;
  }
}
