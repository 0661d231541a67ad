#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { ConfigurationError } from '#platform/configuration';
import { version } from '#platform/package-root';
import { backupCommand } from './backup/backup-command.js';
import { restoreCommand } from './backup/restore-command.js';
import { CliError } from './cli-error.js';
import { importCommand } from './import/import-command.js';
import { modelCommand } from './model-command.js';
import { projectionCommand } from './projection-command.js';
import { reportCommand } from './report-command.js';
import { sqlCommand } from './sql-command.js';
import { deadLettersCommand, refillCommand, verifyCommand } from './verify-command.js';

const program = new Command('perennial')
  .description('Perennial: customers, what they did, what they are worth, from the command line.')
  .version(version())
  .showHelpAfterError('(--help tells more)')
  .exitOverride()
  .addHelpText(
    'after',
    `
Every command works on a running server (--url http://127.0.0.1:3000) or on a data directory that no server
uses (--data ./data). --json prints JSON and nothing else on standard output; progress is shown on a terminal only.

Exit codes: 0 done; 1 failed, the reason is on standard error; 2 done, but something was refused or differs.`,
  );

for (const command of [
  importCommand(),
  modelCommand(),
  reportCommand(),
  sqlCommand(),
  projectionCommand(),
  verifyCommand(),
  refillCommand(),
  deadLettersCommand(),
  backupCommand(),
  restoreCommand(),
])
  program.addCommand(command.exitOverride());

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Whoever reads us has seen enough: `perennial sql ... | head`.
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode;
  const expected =
    error instanceof CliError || error instanceof ConfigurationError || 'code' in (error as object);
  const { message, stack } = error as Error;
  process.stderr.write(`${expected ? message : stack}\n`);
  if (error instanceof CliError && error.problem && process.argv.includes('--json'))
    process.stdout.write(`${JSON.stringify(error.problem)}\n`);
  return 1;
}
