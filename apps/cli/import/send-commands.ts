import { setTimeout as delay } from 'node:timers/promises';
import { v5 } from 'uuid';
import { CliError } from '../cli-error.js';
import { type Problem, problemOf, type Target } from '../target.js';
import type { CommandToSend } from './importer.js';

/** Ids of commands made from a file: the same content has the same id, so that importing it again changes nothing. */
const COMMANDS = '5b0e6c1a-93d7-5c42-8a0f-4d2b7e9f1c63';

const UNAVAILABLE = 503;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
/** After so long without an answer to a single command the import ends; it can be begun again. */
const GIVE_UP_AFTER_MS = 120_000;

export interface Answer {
  readonly status: 'accepted' | 'repeated' | 'rejected';
  readonly problem?: Problem;
}

/**
 * Sends commands as one batch, and those again that a server could not take just then, or whose answer was lost: they
 * have the same ids.
 * @returns an answer for each command, in their order
 * @throws CliError when there is no getting through for minutes, or the server refuses the batch as a whole
 */
export const sendCommands = async (
  target: Target,
  commands: readonly CommandToSend[],
  { dryRun, giveUpAfterMs = GIVE_UP_AFTER_MS }: { readonly dryRun: boolean; readonly giveUpAfterMs?: number },
): Promise<Answer[]> => {
  const lines = commands.map(({ type, data }) => {
    const text = JSON.stringify(data);
    return `{"type":"${type}","id":"${v5(`${type}\n${text}`, COMMANDS)}","data":${text}}`;
  });
  const answers = new Map<number, Answer>();
  let open = lines.map((_, i) => i);
  let pause = FIRST_PAUSE_MS;
  let answeredAt = Date.now();
  while (open.length > 0) {
    const { answers: got, failure } = await attempt(
      target,
      open.map((i) => lines[i]!),
      dryRun,
    );
    const before = answers.size;
    got.forEach((answer, i) => {
      if (answer.problem?.status !== UNAVAILABLE) answers.set(open[i]!, answer);
    });
    open = open.filter((i) => !answers.has(i));
    if (answers.size > before) {
      answeredAt = Date.now();
      pause = FIRST_PAUSE_MS;
    }
    if (open.length === 0) break;
    if (Date.now() - answeredAt > giveUpAfterMs)
      throw (
        failure ??
        new CliError(
          'The server could not take commands for minutes. Import the file again: what is in stays in.',
        )
      );
    await delay(pause);
    pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
  }
  return lines.map((_, i) => answers.get(i)!);
};

/** As many answers as came, and why not all. @throws CliError for a batch that is refused as a whole */
const attempt = async (
  target: Target,
  lines: readonly string[],
  dryRun: boolean,
): Promise<{ answers: Answer[]; failure?: Error }> => {
  let response: Response;
  try {
    response = await target.request(`/v1/commands${dryRun ? '?dryRun=true' : ''}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: lines.join('\n'),
    });
  } catch (error) {
    return { answers: [], failure: error as Error };
  }
  if (!response.ok) {
    const failure = await problemOf(response);
    if (response.status === UNAVAILABLE) return { answers: [], failure };
    throw failure;
  }
  let text = '';
  const decoder = new TextDecoder();
  try {
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true });
  } catch {
    // Cut off: the whole lines count.
  }
  const answers = text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Answer);
  return { answers };
};
