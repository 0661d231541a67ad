import { invalid, type PerennialError, refused } from '#eventing/errors';
import { nameIn, significant, type Token } from './sql-text.js';
import type { Warehouse } from './warehouse.js';

/** A query as it is to be run, and the format that it names itself. */
export interface GuardedQuery {
  readonly sql: string;
  readonly format: string | undefined;
}

const READING = new Set(['SELECT', 'WITH', 'SHOW', 'DESCRIBE', 'EXPLAIN', '(']);

/** Functions that reach beyond the warehouse, and that the engine runs on read-only connections all the same. */
const REACHING_OUT =
  /^(file|eval|catboostEvaluate|evalMLMethod|ai(Classify|Embed|Extract|Generate|Translate)|generateSerialID|logTrace|getServerSetting|getMacro)$/i;

/**
 * Refuses what a read-only connection of the engine lets through: reading any file of the machine with the function
 * `file` (also by another spelling, or handed to another function by its name) or with DESCRIBE, writing one with
 * INTO OUTFILE, SETTINGS of a subquery (among them `readonly = 0`), killing queries of others, several statements. The engine's own parser prints the query
 * anew, without comments and disguises; this text is looked through, and it is what runs.
 * @throws PerennialError `sql-invalid`, `sql-not-allowed`
 */
export class QueryGuard {
  private constructor(
    private readonly connection: Warehouse,
    private readonly tableFunctions: ReadonlySet<string>,
  ) {}

  static async on(connection: Warehouse): Promise<QueryGuard> {
    const rows = await connection.rows<{ name: string }>(
      `SELECT name FROM system.table_functions
       WHERE NOT allow_readonly AND name NOT IN (SELECT name FROM system.functions)`,
    );
    return new QueryGuard(connection, new Set(rows.map(({ name }) => name)));
  }

  async check(sql: string): Promise<GuardedQuery> {
    const printed = await this.printed(sql);
    const all = significant(printed);
    const first = all[0]?.text ?? '';
    if (!READING.has(first)) throw notAllowed(`${first} is not allowed: only questions are.`);
    for (const [i, token] of all.entries()) this.checkToken(token, all[i - 1], all[i + 1]);
    const [word, format] = all.slice(-2);
    return {
      sql: printed,
      format: word?.text === 'FORMAT' && format?.kind === 'word' ? format.text : undefined,
    };
  }

  private async printed(sql: string): Promise<string> {
    try {
      const [row] = await this.connection.rows<{ sql: string }>('SELECT formatQuery({sql:String}) AS sql', {
        sql,
      });
      return row?.sql ?? '';
    } catch (error) {
      const message = (error as Error).message.replace(/:? ?In scope SELECT formatQuery[\s\S]*/, '');
      throw invalid('sql-invalid', message.slice(0, 1000));
    }
  }

  private checkToken(token: Token, before?: Token, after?: Token): void {
    if (token.kind !== 'word' && token.kind !== 'quoted') return;
    const name = nameIn(token);
    if (name === 'OUTFILE' && before?.text === 'INTO')
      throw notAllowed('INTO OUTFILE is not allowed: the answer comes back to you.');
    if (token.text === 'SETTINGS' && before?.text !== 'SHOW') throw notAllowed('SETTINGS are not allowed.');
    if (REACHING_OUT.test(name)) throw notAllowed(`${name} is not allowed: it reaches beyond the warehouse.`);
    if (after?.text === '(' && this.tableFunctions.has(name))
      throw notAllowed(`${name}(...) is not allowed: it reaches beyond the warehouse.`);
  }
}

const notAllowed = (message: string): PerennialError => refused('sql-not-allowed', message);
