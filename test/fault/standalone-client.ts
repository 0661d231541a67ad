import { commandTypes } from '#crm/catalogue';
import type { Random } from '#statistics/random';
import { routeOf } from './standalone-routes.js';
import type { Stage, StoryCommand, Storyteller } from './standalone-stories.js';

/** What a client was told, and must therefore find for ever. */
export interface Acknowledged {
  readonly client: string;
  readonly command: StoryCommand;
  readonly stream: string;
  readonly status: 'accepted' | 'repeated';
  readonly position: number;
  /** Not told in the answers of a batch. */
  readonly revision?: number;
}

export interface Server {
  /** Where it answers; waits while it is down. Fails when it will not come back. */
  url(): Promise<string>;
}

type Answer = Pick<Acknowledged, 'status' | 'position' | 'revision'> & { readonly stream?: string };

const AGAIN = 0.03;
const BATCHED_STORIES = 6;

/** An application that sends commands until each is acknowledged, and notes down what it was told. */
export class Client {
  readonly acknowledged: Acknowledged[] = [];
  /** Answers that no valid command may get. */
  readonly unexpected: string[] = [];
  /** Commands that were sent again because nobody had said what became of them. */
  resent = 0;

  constructor(
    private readonly name: string,
    private readonly server: Server,
    private readonly stories: Storyteller,
    private readonly random: Random,
  ) {}

  /** Tells one story after the other, a command at a time, and ends between two of them. */
  async sendSingly(goesOn: () => boolean): Promise<void> {
    while (goesOn())
      for (const stage of this.stories.next()) {
        for (const command of stage.commands) await this.sendOne(command);
        await this.settled([stage]);
      }
  }

  /** Tells several stories at once, a batch for each of their stages. */
  async sendBatches(goesOn: () => boolean): Promise<void> {
    while (goesOn()) {
      const told = Array.from({ length: BATCHED_STORIES }, () => this.stories.next());
      for (let number = 0; told.some((stages) => number < stages.length); number++) {
        const stages = told.flatMap((story) => story[number] ?? []);
        await this.sendBatch(stages.flatMap(({ commands }) => commands));
        await this.settled(stages);
      }
    }
  }

  private async sendOne(command: StoryCommand): Promise<void> {
    const { method, path } = routeOf(command);
    for (;;) {
      const response = await this.request(path, {
        method,
        headers: { 'content-type': 'application/json', 'idempotency-key': command.id },
        body: JSON.stringify(command.data),
      });
      const text = response && (await response.text().catch(() => undefined));
      if (!response || text === undefined) {
        this.resent += 1;
        continue;
      }
      if (response.ok) this.note(command, JSON.parse(text) as Answer);
      else this.unexpected.push(`${command.type} ${command.id}: ${text}`);
      // Some send a command twice although it was acknowledged.
      if (this.random.uniform() > AGAIN) return;
    }
  }

  private async sendBatch(commands: readonly StoryCommand[]): Promise<void> {
    let open = commands;
    for (let attempt = 0; open.length > 0; attempt++) {
      if (attempt > 0) this.resent += open.length;
      const answers = await this.answersTo(open);
      const unavailable: StoryCommand[] = [];
      answers.forEach((answer, i) => {
        const command = open[i] as StoryCommand;
        if (answer.id !== command.id) this.unexpected.push(`${command.id} was answered as ${answer.id}`);
        else if (answer.problem?.status === 503) unavailable.push(command);
        else if (answer.status === 'rejected')
          this.unexpected.push(`${command.type} ${command.id}: ${JSON.stringify(answer.problem)}`);
        else this.note(command, answer as Answer);
      });
      open = [...unavailable, ...open.slice(answers.length)];
    }
  }

  /** As many answers as came before the connection broke. */
  private async answersTo(commands: readonly StoryCommand[]): Promise<LineAnswer[]> {
    const body = commands.map((command) => `${JSON.stringify(command)}\n`).join('');
    const headers = { 'content-type': 'application/x-ndjson' };
    const response = await this.request('/v1/commands', { method: 'POST', headers, body });
    let text = '';
    try {
      const decoder = new TextDecoder();
      for await (const chunk of response?.body ?? []) text += decoder.decode(chunk, { stream: true });
    } catch {
      // Killed in the middle: the whole lines count.
    }
    if (response && !response.ok) throw new Error(`a batch was answered with ${response.status}: ${text}`);
    const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as LineAnswer);
  }

  /** Launches go on in the background, over any number of restarts. */
  private async settled(stages: readonly Stage[]): Promise<void> {
    for (const { launches } of stages) {
      for (let phase: string | undefined; launches && phase !== 'frozen'; ) {
        const response = await this.request(`/v1/campaigns/${launches}`, {});
        const text = await response?.text().catch(() => undefined);
        phase = text && (JSON.parse(text) as { launching?: { phase: string } }).launching?.phase;
        if (phase === 'failed' || phase === 'ended') {
          this.unexpected.push(`${launches}: ${text}`);
          return;
        }
        if (phase !== 'frozen') await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  /** Undefined when the server was killed over it, or says that it cannot now. */
  private async request(path: string, init: RequestInit): Promise<Response | undefined> {
    const url = await this.server.url();
    const response = await fetch(`${url}${path}`, init).catch(() => undefined);
    if (response?.status !== 503) return response;
    await response.text().catch(() => undefined);
    return undefined;
  }

  private note(command: StoryCommand, { status, position, revision, stream }: Answer): void {
    const expected = streamOf(command);
    if (stream !== undefined && stream !== expected)
      this.unexpected.push(`${command.id} went to ${stream}, not to ${expected}`);
    this.acknowledged.push({ client: this.name, command, stream: expected, status, position, revision });
  }
}

interface LineAnswer {
  readonly id: string;
  readonly status: string;
  readonly position?: number;
  readonly problem?: { readonly status: number };
}

const types = new Map(commandTypes.map((type) => [type.type as string, type]));

export const streamOf = ({ type, data }: Pick<StoryCommand, 'type' | 'data'>): string =>
  types.get(type)?.stream(data) as string;
