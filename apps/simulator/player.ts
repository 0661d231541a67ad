import { setTimeout as delay } from 'node:timers/promises';
import { commandId, type SimulatedCommand } from './journal.js';

/** Where the company is played: the API, as any application of a real company would use it. */
export type Request = (path: string, init?: RequestInit) => Promise<Response>;

/** The company was told no where it did not expect it, or not where it did: one of the two is wrong. */
export class UnexpectedAnswers extends Error {
  constructor(readonly answers: readonly string[]) {
    super(
      `${answers.length} commands were not answered as expected:\n${answers.slice(0, MOST_SHOWN).join('\n')}`,
    );
    this.name = 'UnexpectedAnswers';
  }
}

const MOST_SHOWN = 5;
/** Enough for the server to group its writes, few enough to show progress and to repeat little after a crash. */
const BATCH = 2_500;
const LAUNCH_TIMEOUT_MS = 60_000;
const LOOK_EVERY_MS = 50;

interface Answer {
  readonly status: 'accepted' | 'repeated' | 'rejected';
  readonly problem?: { readonly code?: string; readonly detail?: string; readonly errors?: unknown };
}

export interface PlayOptions {
  /** So many commands were played before. */
  readonly played: number;
  /** Told after every batch that was answered; a batch whose answer is lost is sent again. */
  acknowledged(played: number): void;
}

/**
 * Plays commands in their order, in batches.
 * @throws UnexpectedAnswers
 */
export const play = async (
  request: Request,
  commands: readonly SimulatedCommand[],
  { played, acknowledged }: PlayOptions,
): Promise<void> => {
  for (let from = played; from < commands.length; ) {
    const batch = nextBatch(commands, from);
    const answers = await send(request, batch);
    const unexpected = batch.flatMap((command, index) => surprise(command, answers[index] as Answer) ?? []);
    if (unexpected.length > 0) throw new UnexpectedAnswers(unexpected);
    for (const command of batch) if (command.launch) await launched(request, command);
    from += batch.length;
    acknowledged(from);
  }
};

/** The commands from a place on that may be sent together. */
const nextBatch = (commands: readonly SimulatedCommand[], from: number): readonly SimulatedCommand[] => {
  if (commands[from]?.alone) return commands.slice(from, from + 1);
  const most = commands.slice(from, from + BATCH);
  const end = most.findIndex(({ alone }) => alone);
  return end === -1 ? most : most.slice(0, end);
};

const send = async (request: Request, batch: readonly SimulatedCommand[]): Promise<Answer[]> => {
  const lines = batch.map((command) =>
    JSON.stringify({ type: command.type, id: commandId(command), data: command.data }),
  );
  const response = await request('/v1/commands', {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: `${lines.join('\n')}\n`,
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`The commands were answered with ${response.status}: ${text}`);
  const answers = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Answer);
  if (answers.length !== batch.length)
    throw new Error(`${answers.length} of ${batch.length} commands were answered.`);
  return answers;
};

const surprise = (command: SimulatedCommand, { status, problem }: Answer): string | undefined => {
  const code = status === 'rejected' ? problem?.code : undefined;
  if (code === command.refusal) return undefined;
  const answer = problem ? `${code}: ${problem.detail} ${JSON.stringify(problem.errors ?? [])}` : status;
  return `  ${command.type} ${answer}\n    ${JSON.stringify(command.data).slice(0, 500)}`;
};

/** Waits until a launch, which goes on in the background, has come to its end. */
const launched = async (request: Request, { data, launch }: SimulatedCommand): Promise<void> => {
  const { campaignId } = data as { campaignId?: string };
  const deadline = Date.now() + LAUNCH_TIMEOUT_MS;
  for (;;) {
    const outcome = await outcomeOf(request, campaignId as string);
    if (outcome === launch) return;
    if (outcome !== undefined) throw new Error(`The launch of ${campaignId} ended with ${outcome}.`);
    if (Date.now() > deadline) throw new Error(`The launch of ${campaignId} does not come to an end.`);
    await delay(LOOK_EVERY_MS);
  }
};

const outcomeOf = async (request: Request, campaignId: string): Promise<string | undefined> => {
  const response = await request(`/v1/campaigns/${campaignId}`);
  if (!response.ok) throw new Error(`${campaignId} was answered with ${response.status}.`);
  const { launching } = (await response.json()) as { launching?: { phase: string } };
  return launching && OUTCOMES[launching.phase];
};

/** Phases in which a launch has come to its end. */
const OUTCOMES: Readonly<Record<string, string>> = {
  frozen: 'members',
  failed: 'failure',
  ended: 'an end before its members were drawn',
};
