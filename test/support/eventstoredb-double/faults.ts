/** What a test may make go wrong. */
export class Faults {
  /** The next append is carried out, and the connection is lost before it is answered. */
  loseNextAnswer = false;
  /** Events that subscriptions bring lack their last byte. */
  torn = false;
  /** Subscriptions begin so many events before the place they ask for. */
  repeated = 0;
  /** Told of each subscription that does. */
  onRepeat: (events: number) => void = () => {};
  private speaking: Promise<void> | undefined;
  private speakAgain: () => void = () => {};

  /** Holds back every answer, for so long or until `speak`. What was asked is carried out all the same. */
  fallSilent(ms?: number): void {
    this.speak();
    this.speaking = new Promise((resolve) => {
      this.speakAgain = resolve;
    });
    if (ms !== undefined) setTimeout(() => this.speak(), ms).unref();
  }

  speak(): void {
    this.speaking = undefined;
    this.speakAgain();
  }

  /** Returns when answers may be given. */
  silenceOver(): Promise<void> | undefined {
    return this.speaking;
  }
}
