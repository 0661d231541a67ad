import type { CheckpointStore } from '#eventing/checkpoint';
import type { RecordedEvent } from '#eventing/event';
import type { EventStore } from '#eventing/event-store';
import type { Upcasters } from '#eventing/upcaster';
import type { Logger } from '#platform/logging';
import { BackOff, mayPass } from './back-off.js';

/** What is to be done when something has happened. An event may come again after a crash. */
export interface Reaction {
  /** The types of events it is about; it sees no others. */
  readonly on: readonly string[];
  react(event: RecordedEvent): Promise<void>;
  /** Position of the earliest event on which it still works by itself: until then the checkpoint stays before it. */
  pendingFrom?(): number | undefined;
  /** Ends what it does by itself. */
  stop?(): Promise<void>;
}

export interface ProcessRunnerOptions {
  /** Of the checkpoint. */
  readonly name: string;
  readonly store: EventStore;
  readonly upcasters: Upcasters;
  readonly checkpoints: CheckpointStore;
  readonly reactions: readonly Reaction[];
  readonly log: Logger;
  /** Failures that are no cause for alarm, because another process goes on. */
  readonly isHarmless?: (error: unknown) => boolean;
}

export interface RunnerStatus {
  /** `standby`: another process runs, or will. */
  readonly state: 'running' | 'standby' | 'stopped' | 'failed';
  /** The last event that was looked at. */
  readonly position: number;
  /** Where a restart would go on. */
  readonly checkpoint: number;
  /** How far `position` is behind the last event there is. */
  readonly lag: number;
}

/** A save costs a sync of the disk; what is looked at again after a crash costs next to nothing. */
const SAVE_EVERY_MS = 1_000;

/**
 * Sees every event after its checkpoint in order, for all reactions together: each further subscription would read
 * every event again. At least once: an event is handled before the checkpoint passes it, and what follows from an
 * event is known by its command id.
 */
export class ProcessRunner {
  /** Ends when it is stopped; fails, loudly, with whatever is nobody's fault and does not pass. */
  readonly done: Promise<void>;
  private readonly stopping = new AbortController();
  private readonly reactions = new Map<string, Reaction[]>();
  private state: RunnerStatus['state'] = 'running';
  private position: number;
  private savedAt = performance.now();
  private crash: { readonly error: unknown } | undefined;

  private constructor(
    private readonly options: ProcessRunnerOptions,
    private checkpoint: number,
  ) {
    this.position = checkpoint;
    for (const reaction of options.reactions)
      for (const type of reaction.on)
        this.reactions.set(type, [...(this.reactions.get(type) ?? []), reaction]);
    this.done = this.run();
    // Whoever does not look at `done` learns of a failure from the log.
    this.done.catch(() => {});
  }

  static async start(options: ProcessRunnerOptions): Promise<ProcessRunner> {
    return new ProcessRunner(options, await options.checkpoints.load(options.name));
  }

  /** Ends after the event that is being handled. A failure is told by `done` alone. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.done.catch(() => undefined);
  }

  /** For what a reaction does by itself: an unknown error there is as bad as one here. */
  readonly fail = (error: unknown): void => {
    this.crash ??= { error };
    this.stopping.abort();
  };

  async status(): Promise<RunnerStatus> {
    const head = await this.options.store.head();
    const { state, position, checkpoint } = this;
    return { state, position, checkpoint, lag: Math.max(0, head - position) };
  }

  private async run(): Promise<void> {
    try {
      try {
        await this.readOn();
      } finally {
        this.stopping.abort();
        await Promise.all(this.options.reactions.map((reaction) => reaction.stop?.()));
      }
      if (this.crash) throw this.crash.error;
      await this.save();
      this.state = 'stopped';
    } catch (error) {
      const { isHarmless, log, name } = this.options;
      if (isHarmless?.(error)) this.state = 'stopped';
      else {
        this.state = 'failed';
        log.fatal({ err: error, process: name }, 'A background process failed');
      }
      throw error;
    }
  }

  private async readOn(): Promise<void> {
    const { signal } = this.stopping;
    const backOff = new BackOff(signal);
    while (!signal.aborted) {
      try {
        for await (const events of this.options.store.subscribeToAll({ after: this.position, signal })) {
          await this.handle(events);
          backOff.reset();
        }
        return;
      } catch (error) {
        if (!mayPass(error)) throw error;
        this.options.log.warn({ err: error, process: this.options.name }, 'A background process tries again');
        await backOff.pause();
      }
    }
  }

  private async handle(events: readonly RecordedEvent[]): Promise<void> {
    for (const event of events) {
      if (this.stopping.signal.aborted) return;
      const reactions = this.reactions.get(event.type);
      if (reactions) {
        const current = this.options.upcasters.upcast(event);
        for (const reaction of reactions) await reaction.react(current);
      }
      this.position = event.position;
    }
    if (performance.now() - this.savedAt >= SAVE_EVERY_MS) await this.save();
  }

  private async save(): Promise<void> {
    const pending = this.options.reactions.flatMap((reaction) => reaction.pendingFrom?.() ?? []);
    const checkpoint = Math.min(this.position, ...pending.map((position) => position - 1));
    if (checkpoint > this.checkpoint) {
      await this.options.checkpoints.save(this.options.name, checkpoint);
      this.checkpoint = checkpoint;
    }
    this.savedAt = performance.now();
  }
}
