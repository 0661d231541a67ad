import type { Seat } from './seat.js';

export type RelayState = 'starting' | 'standby' | 'active' | 'stopped';

export interface RelayStatus {
  readonly state: RelayState;
  /** Since when, as an ISO 8601 instant. */
  readonly since: string;
  /** Whether it does its work, or stands by to do it. */
  readonly ready: boolean;
  /** What it waits for, or else what it does. */
  readonly reason: string;
  /** Every event up to it is in the topic; undefined until this relay has been the active one. */
  readonly position?: number;
  /** Positions of the event store that are not yet in the topic, in a store without gaps the events. */
  readonly lag?: number;
  /** Age of the oldest of them in seconds, at most; 0 when there are none. */
  readonly lagSeconds?: number;
  /** What went wrong last, and whether it still does. */
  readonly lastError?: { readonly message: string; readonly at: string; readonly over: boolean };
}

/** So long something may be away before the relay says that it is not ready. */
const PATIENCE_MS = 5_000;

/** What a relay tells of itself. */
export class RelayProgress {
  private state: RelayState = 'starting';
  private since = Date.now();
  private position: number | undefined;
  private ahead: number | undefined;
  private behindSince: number | undefined;
  private writingSince: number | undefined;
  private failingSince: number | undefined;
  private lastError: { message: string; at: number } | undefined;
  private seat: Seat | undefined;

  is(state: RelayState): void {
    if (this.state === 'stopped' || this.state === state) return;
    this.state = state;
    this.since = Date.now();
    this.writingSince = undefined;
    if (state === 'standby') {
      this.ahead = undefined;
      this.behindSince = undefined;
    }
  }

  watch(seat: Seat): void {
    this.seat = seat;
  }

  /** A transaction is under way. */
  writes(): void {
    this.writingSince = Date.now();
  }

  /** @param recordedAt of the event at the position: what is still to come was taken later */
  reached(position: number, recordedAt?: number): void {
    this.position = position;
    this.behindSince = position < (this.ahead ?? -1) ? (recordedAt ?? this.behindSince) : undefined;
    this.writingSince = undefined;
    this.worked();
  }

  head(position: number): void {
    this.ahead = position;
    // An idle relay knows of a new event no earlier.
    if (position > (this.position ?? position)) this.behindSince ??= Date.now();
    this.worked();
  }

  failed(error: unknown): void {
    this.failingSince ??= Date.now();
    this.lastError = { message: error instanceof Error ? error.message : String(error), at: Date.now() };
  }

  worked(): void {
    this.failingSince = undefined;
  }

  status(): RelayStatus {
    const { state, position, ahead, behindSince, lastError } = this;
    const lag = position === undefined || ahead === undefined ? undefined : Math.max(0, ahead - position);
    return {
      state,
      since: new Date(this.since).toISOString(),
      ready: this.isReady(),
      reason: this.reason(),
      position,
      lag,
      lagSeconds: lag && behindSince !== undefined ? Math.max(0, Date.now() - behindSince) / 1000 : lag && 0,
      lastError: lastError && {
        message: lastError.message,
        at: new Date(lastError.at).toISOString(),
        over: this.failingSince === undefined,
      },
    };
  }

  private reason(): string {
    if (this.failingSince !== undefined && this.lastError) return this.lastError.message;
    if (!isInTime(this.writingSince)) return 'Kafka does not end the transaction that is under way';
    return this.state;
  }

  private isReady(): boolean {
    if (this.state === 'stopped' || !this.seat) return false;
    if (this.state === 'standby') return this.seat.isMember;
    return (
      isInTime(this.failingSince) &&
      isInTime(this.writingSince) &&
      (this.state === 'active' || isInTime(this.since))
    );
  }
}

const isInTime = (since = Date.now()): boolean => Date.now() - since <= PATIENCE_MS;
