import { setTimeout as delay } from 'node:timers/promises';
import { PerennialError } from '#eventing/errors';
import { commandId, type SimulatedCommand } from './journal.js';
import { Patience } from './patience.js';
import { type Answer, ask, type Request, send } from './sending.js';

export type { Request } from './sending.js';

/** The company was told no where it did not expect it, or not where it did: one of the two is wrong. */
export class UnexpectedAnswers extends PerennialError {
  constructor(readonly answers: readonly string[]) {
    super(
      'conflict',
      'unexpected-answers',
      `${answers.length} commands were not answered as expected:\n${answers.slice(0, MOST_SHOWN).join('\n')}`,
    );
  }
}

const MOST_SHOWN = 5;
/** Enough for the server to group its writes. */
const BATCH = 2_500;
/** Few enough to repeat little after a crash. */
const STEP = 250;
const LOOK_EVERY_MS = 50;
/** A server that is started again, and one that catches up with a warehouse that was away, need less. */
const PATIENCE_MS = 5 * 60_000;
/** A launch takes a moment; whoever waits for longer is told. */
const LAUNCHED_SOON_MS = 60_000;

export interface PlayOptions {
  /** So many commands were played before. */
  readonly played: number;
  /** Told of every few more that were answered, in their order; one whose answer is lost is sent again. */
  acknowledged(played: number): void;
  /** Told once, and why, each time when nothing goes on any more. */
  waiting?(reason: string): void;
  /** After so long without any progress it is given up. */
  readonly patienceMs?: number;
}

/**
 * Plays commands in their order, in batches; a server that is away meanwhile is waited for.
 * @throws UnexpectedAnswers, PlayRefused, PlayGivenUp
 */
export const play = async (
  request: Request,
  commands: readonly SimulatedCommand[],
  { played, acknowledged, waiting = () => {}, patienceMs = PATIENCE_MS }: PlayOptions,
): Promise<void> => {
  const patience = new Patience(patienceMs, waiting);
  for (let from = played; from < commands.length; ) {
    const batch = nextBatch(commands, from);
    const launch = batch.find((command) => command.launch);
    const answers = new Answers(batch, (done) => {
      // A launch is played when it has come to its end.
      if (!launch) acknowledged(from + done);
    });
    await send(request, batch.map(lineOf), patience, (line, answer) => answers.add(line, answer));
    if (answers.surprises.length > 0) throw new UnexpectedAnswers(answers.surprises);
    if (launch) await launched(request, launch, { patience, patienceMs, waiting });
    from += batch.length;
    if (launch) acknowledged(from);
  }
};

/** What is known of a batch so far. */
class Answers {
  readonly surprises: string[] = [];
  private readonly asExpected = new Set<number>();
  private done = 0;
  private told = 0;

  constructor(
    private readonly batch: readonly SimulatedCommand[],
    /** So many from the first one on were answered as expected. */
    private readonly progress: (done: number) => void,
  ) {}

  add(line: number, answer: Answer): void {
    const surprise = surpriseOf(this.batch[line] as SimulatedCommand, answer);
    if (surprise) this.surprises.push(surprise);
    else this.asExpected.add(line);
    while (this.asExpected.has(this.done)) this.done += 1;
    if (this.done < this.told + STEP && this.done < this.batch.length) return;
    this.told = this.done;
    this.progress(this.done);
  }
}

/** The commands from a place on that may be sent together. */
const nextBatch = (commands: readonly SimulatedCommand[], from: number): readonly SimulatedCommand[] => {
  if (commands[from]?.alone) return commands.slice(from, from + 1);
  const most = commands.slice(from, from + BATCH);
  const end = most.findIndex(({ alone }) => alone);
  return end === -1 ? most : most.slice(0, end);
};

const lineOf = (command: SimulatedCommand): string =>
  JSON.stringify({ type: command.type, id: commandId(command), data: command.data });

const surpriseOf = (command: SimulatedCommand, { status, problem }: Answer): string | undefined => {
  const code = status === 'rejected' ? problem?.code : undefined;
  if (code === command.refusal) return undefined;
  const answer = problem ? `${code}: ${problem.detail} ${JSON.stringify(problem.errors ?? [])}` : status;
  return `  ${command.type} ${answer}\n    ${JSON.stringify(command.data).slice(0, 500)}`;
};

interface Waiting {
  readonly patience: Patience;
  readonly patienceMs: number;
  readonly waiting: (reason: string) => void;
}

/** Waits until a launch, which goes on in the background, has come to its end. */
const launched = async (
  request: Request,
  { data, launch }: SimulatedCommand,
  { patience, patienceMs, waiting }: Waiting,
): Promise<void> => {
  const { campaignId } = data as unknown as { campaignId: string };
  const late = new Patience(patienceMs, waiting);
  for (const since = Date.now(); ; ) {
    const { launching } = await ask<{ launching?: { phase: string } }>(
      request,
      `/v1/campaigns/${campaignId}`,
      patience,
    );
    const outcome = launching && OUTCOMES[launching.phase];
    if (outcome === launch) return;
    if (outcome !== undefined)
      throw new UnexpectedAnswers([`  The launch of ${campaignId} ended with ${outcome}.`]);
    if (Date.now() - since < LAUNCHED_SOON_MS) await delay(LOOK_EVERY_MS);
    else await late.wait(`The launch of ${campaignId} has not come to its end yet.`);
  }
};

/** Phases in which a launch has come to its end. */
const OUTCOMES: Readonly<Record<string, string>> = {
  frozen: 'members',
  failed: 'failure',
  ended: 'an end before its members were drawn',
};
