import type { RecordedEvent } from './event.js';

/** Turns an event's data of one schema version into the next version's. Stored events are never rewritten. */
export interface Upcaster {
  readonly type: string;
  readonly fromVersion: number;
  /** Must have a twin of the same meaning in infra/clickhouse/upcasters; both are tested on the examples beside it. */
  readonly upcast: (data: never) => unknown;
}

export class Upcasters {
  private readonly byType = new Map<string, Map<number, Upcaster>>();

  constructor(upcasters: readonly Upcaster[] = []) {
    for (const upcaster of upcasters) {
      const versions = this.byType.get(upcaster.type) ?? new Map<number, Upcaster>();
      if (versions.has(upcaster.fromVersion))
        throw new Error(`Two upcasters for ${upcaster.type} version ${upcaster.fromVersion}`);
      versions.set(upcaster.fromVersion, upcaster);
      this.byType.set(upcaster.type, versions);
    }
  }

  /** The schema version in which events of a type are written today. */
  currentVersion(type: string): number {
    const versions = this.byType.get(type);
    return versions ? Math.max(...versions.keys()) + 1 : 1;
  }

  upcast(event: RecordedEvent): RecordedEvent {
    const versions = this.byType.get(event.type);
    if (!versions) return event;
    let { data, schemaVersion } = event;
    for (let step = versions.get(schemaVersion); step; step = versions.get(schemaVersion)) {
      data = step.upcast(data as never);
      schemaVersion += 1;
    }
    return schemaVersion === event.schemaVersion
      ? event
      : { ...event, data, schemaVersion, dataJson: undefined };
  }
}
