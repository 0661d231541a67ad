import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { invalid, PerennialError } from '#eventing/errors';
import { idProblem } from '#eventing/ids';
import { parseJson } from '../http/body.js';
import { HttpProblem, type Problem, problemOf, shuttingDown } from '../http/problem.js';
import type { Done, Pipeline, Prepared, Sender } from '../pipeline.js';
import { Lanes } from './lanes.js';
import { type Line, linesOf } from './lines.js';
import { OrderedAnswers } from './ordered-answers.js';

export interface BulkOptions {
  /** Whose request it is; every line has a command id of its own. */
  readonly sender: Sender;
  readonly lineLimit: number;
  readonly dryRun: boolean;
  /** Aborted when the process is to end: what has not begun by then is not begun. */
  readonly stopping: AbortSignal;
  /** Told of what is our own fault; the caller only learns that something failed. */
  onFault(error: unknown): void;
}

export const MAX_LINES = 10_000;
/** Enough for the store to group its commits, few enough to bound memory. */
const MAX_IN_FLIGHT = 512;

interface Admitted {
  readonly id: string;
  readonly prepared: Prepared;
}

interface Rejected {
  readonly id: string | undefined;
  readonly problem: Problem;
}

interface Envelope {
  readonly type: string;
  readonly id: string;
  readonly data: unknown;
}

/**
 * One request of many commands: lanes keep the order of each customer's, answers come in the order of the lines. When
 * nobody knows what became of a command, because a store is away, those behind it in its lane are not tried: sent
 * again together they have their order still.
 */
export class BulkRun {
  private readonly lanes = new Lanes();
  /** Streams that were begun in this request: whoever follows up must wait for whoever began. */
  private readonly laneOfStream = new Map<string, string>();
  /** Lanes with a command of which nobody knows what became of it. */
  private readonly interrupted = new Set<string>();
  private allInterrupted = false;
  private lines = 0;

  constructor(
    private readonly pipeline: Pipeline,
    private readonly execute: (prepared: Prepared) => Promise<Done>,
    private readonly options: BulkOptions,
  ) {}

  /** A line for each line of the body, written as they are done. */
  answers(body: Readable): Readable {
    const answers = new OrderedAnswers(MAX_IN_FLIGHT);
    this.read(body, answers).then(
      () => answers.end(),
      (error: Error) => answers.destroy(error),
    );
    return answers;
  }

  private async read(body: Readable, answers: OrderedAnswers): Promise<void> {
    for await (const lines of linesOf(body, this.options.lineLimit)) {
      for (const line of lines) {
        if (answers.isFull() && !(await answers.room())) return;
        const admitted = this.admit(line);
        if ('problem' in admitted) answers.add(Promise.resolve(rejected(admitted)));
        else answers.add((await this.begin(admitted)).answer);
      }
    }
  }

  /** What is wrong with a line is its answer, and harms no other. */
  private admit(line: Line): Admitted | Rejected {
    let id: string | undefined;
    try {
      const envelope = this.envelopeOf(line);
      id = envelope.id;
      const sender = { ...this.options.sender, commandId: id, ifRevision: undefined };
      return { id, prepared: this.pipeline.prepare(envelope.type, envelope.data, sender) };
    } catch (error) {
      return { id, problem: this.problemOf(error) };
    }
  }

  /** Resolves when the command has its place in its lane, so that the next line comes after it. */
  private async begin({ id, prepared }: Admitted): Promise<{ answer: Promise<string> }> {
    if (this.options.dryRun) return { answer: Promise.resolve(answered(id, { status: 'accepted' })) };
    const lane = await this.laneOf(prepared);
    const done = prepared.type.barrier
      ? this.lanes.runAlone(() => this.executeAlone(prepared))
      : this.lanes.run(lane, () => this.executeIn(lane, prepared));
    const answer = done.then(
      ({ status, position }) => answered(id, { status, position }),
      (error: unknown) => rejected({ id, problem: this.problemOf(error) }),
    );
    return { answer };
  }

  private async executeIn(lane: string, prepared: Prepared): Promise<Done> {
    if (this.options.stopping.aborted) throw shuttingDown();
    if (this.allInterrupted || this.interrupted.has(lane)) throw notTried();
    try {
      return await this.execute(prepared);
    } catch (error) {
      if (isOpen(error)) this.interrupted.add(lane);
      throw error;
    }
  }

  private async executeAlone(prepared: Prepared): Promise<Done> {
    if (this.options.stopping.aborted) throw shuttingDown();
    if (this.allInterrupted || this.interrupted.size > 0) {
      this.allInterrupted = true;
      throw notTried();
    }
    try {
      return await this.execute(prepared);
    } catch (error) {
      this.allInterrupted = isOpen(error);
      throw error;
    }
  }

  private envelopeOf(line: Line): Envelope {
    this.lines += 1;
    if (this.lines > MAX_LINES)
      throw new HttpProblem(413, 'too-many-lines', `A request takes at most ${MAX_LINES} lines.`);
    if (line === 'too-long')
      throw new HttpProblem(413, 'line-too-long', `A line takes at most ${this.options.lineLimit} bytes.`);
    const envelope = parseJson(line);
    if (typeof envelope !== 'object' || envelope === null || Array.isArray(envelope))
      throw invalid('validation-failed', 'A line must be an object with type, id and data.');
    const { type, id = randomUUID(), data, ...rest } = envelope as Record<string, unknown>;
    const idReason = typeof id === 'string' ? idProblem(id) : 'must be a text';
    const problems = [
      ...(typeof type === 'string' ? [] : [{ path: 'type', reason: 'must be the name of a command' }]),
      ...(idReason ? [{ path: 'id', reason: idReason }] : []),
      ...Object.keys(rest).map((path) => ({ path: path.slice(0, 100), reason: 'is not a known field' })),
    ];
    if (problems.length > 0) throw invalid('validation-failed', 'The line is not valid.', problems);
    return { type: type as string, id: id as string, data };
  }

  private async laneOf(prepared: Prepared): Promise<string> {
    const { stream } = prepared;
    const known = this.laneOfStream.get(stream);
    if (known !== undefined) return known;
    const lane = (await this.pipeline.ownerOf(prepared)) ?? stream;
    this.laneOfStream.set(stream, lane);
    return lane;
  }

  private problemOf(error: unknown): Problem {
    const problem = problemOf(error, this.options.sender.correlationId);
    if (problem.status === 500) this.options.onFault(error);
    return problem;
  }
}

/** Whether the command may have taken effect, or may when it is sent again. */
const isOpen = (error: unknown): boolean => problemOf(error).status >= 500;

const notTried = (): PerennialError =>
  new PerennialError(
    'unavailable',
    'earlier-command-open',
    'It was not tried, because of a command before it nobody knows what became of it. Send both again.',
  );

const answered = (id: string, { status, position }: Pick<Partial<Done>, 'status' | 'position'>): string =>
  `${JSON.stringify({ id, status, position })}\n`;

const rejected = ({ id, problem }: Rejected): string =>
  `${JSON.stringify({ id, status: 'rejected', problem })}\n`;
