import { customer } from '#crm/customer/customer';
import type { CustomerState } from '#crm/customer/customer-state';
import { loadState } from '#eventing/command-handler';
import { notFound } from '#eventing/errors';
import type { RecordedEvent } from '#eventing/event';
import type { EventStore } from '#eventing/event-store';
import { quoted } from '#eventing/ids';
import { streamName } from '#eventing/stream-name';
import type { Upcasters } from '#eventing/upcaster';
import { CustomerErased, type KeyVault, type LookUpKind } from '#personal-data/key-vault';
import { normaliseEmail, normalisePhone } from '#personal-data/look-up';
import type { Sealer } from '#personal-data/sealer';
import { readableEvent } from './readable-event.js';

/** Events that concern customers, from wherever they can be found by customer. */
export interface CustomerEvents {
  /** Newest first, below a position. */
  before(customerIds: readonly string[], position: number, limit: number): Promise<RecordedEvent[]>;
  /** Waits until everything that is in the event store now can be found. */
  catchUp(): Promise<void>;
}

export interface CustomerReaderPorts {
  readonly eventStore: EventStore;
  readonly upcasters: Upcasters;
  readonly vault: KeyVault;
  readonly sealer: Sealer;
  readonly events: CustomerEvents;
  readonly phoneRegion: string;
}

export interface FoundCustomer extends Readonly<Record<string, unknown>> {
  readonly customerId: string;
  readonly revision: number;
}

/** What is kept of customers, readable: for those who talk to them, and for the customers themselves. */
export class CustomerReader {
  constructor(private readonly ports: CustomerReaderPorts) {}

  /**
   * Whoever is known from purchases or contacts alone is `unidentified`, at revision -1.
   * @throws PerennialError `customer-not-found`; CustomerErased
   */
  async read(customerId: string): Promise<FoundCustomer> {
    const stream = streamName('customer', customerId);
    const { state, revision } = await this.load(customerId);
    if (state.erased || (await this.ports.vault.isErased(customerId))) throw new CustomerErased(customerId);
    if (revision < 0 && !(await this.isHeardOf([customerId])))
      throw notFound('customer-not-found', `There is no customer ${quoted(customerId)}.`);
    const details = await this.ports.sealer.openFields(state.details ?? {}, { owner: customerId, stream });
    return {
      ...details,
      customerId,
      stage: state.details?.stage ?? (state.registration ? 'customer' : 'unidentified'),
      tags: state.tags,
      ...(state.closing && { closing: state.closing }),
      ...(state.mergedInto && { mergedInto: state.mergedInto.into }),
      ...(state.mergedFrom.length > 0 && { mergedFrom: state.mergedFrom.map(({ from }) => from) }),
      revision,
    };
  }

  /** Those whose e-mail address or telephone number it is now; a look-up alone may be of yesterday. */
  async find(kind: LookUpKind, value: string): Promise<FoundCustomer[]> {
    const normalise = (text: string) =>
      kind === 'email' ? normaliseEmail(text) : normalisePhone(text, this.ports.phoneRegion);
    const wanted = normalise(value);
    if (wanted === undefined) return [];
    const found: FoundCustomer[] = [];
    for (const owner of await this.ports.vault.find(kind, wanted)) {
      const { state, revision } = await this.load(owner);
      if (revision < 0 || state.erased) continue;
      const one = await this.read(owner);
      const now = one[kind];
      if (typeof now === 'string' && normalise(now) === wanted) found.push(one);
    }
    return found;
  }

  /** What happened with a customer and those merged into him or her, newest first. */
  async timeline(customerId: string, before: number, limit: number) {
    const ids = await this.known(customerId);
    const events = await this.ports.events.before(ids, before, limit + 1);
    const items = await Promise.all(events.slice(0, limit).map((event) => this.opened(event)));
    return { items, next: events.length > limit ? (items.at(-1)?.position ?? null) : null };
  }

  /** All that is stored of a person: every event, readable. */
  async *export(customerId: string): AsyncGenerator<object> {
    const ids = await this.known(customerId);
    await this.ports.events.catchUp();
    let before = Number.MAX_SAFE_INTEGER;
    for (;;) {
      const events = await this.ports.events.before(ids, before, PAGE);
      for (const event of events) yield this.opened(event);
      const last = events.at(-1);
      if (!last || events.length < PAGE) return;
      before = last.position;
    }
  }

  /** The ids under which facts of a customer may have come. @throws PerennialError `customer-not-found` */
  private async known(customerId: string): Promise<string[]> {
    if (await this.ports.vault.isErased(customerId)) throw new CustomerErased(customerId);
    const ids = [customerId];
    for (const id of ids) ids.push(...(await this.load(id)).state.mergedFrom.map(({ from }) => from));
    const { revision } = await this.load(customerId);
    if (revision < 0 && !(await this.isHeardOf(ids)))
      throw notFound('customer-not-found', `There is nothing of a customer ${quoted(customerId)}.`);
    return ids;
  }

  /** Whether anything was ever recorded of a customer, be it a moment ago. */
  async isKnown(customerId: string): Promise<boolean> {
    if ((await this.load(customerId)).revision >= 0 || (await this.isHeardOf([customerId]))) return true;
    await this.ports.events.catchUp();
    return this.isHeardOf([customerId]);
  }

  private async isHeardOf(customerIds: readonly string[]): Promise<boolean> {
    return (await this.ports.events.before(customerIds, Number.MAX_SAFE_INTEGER, 1)).length > 0;
  }

  private opened(event: RecordedEvent) {
    return readableEvent(this.ports.upcasters.upcast(event), this.ports.sealer);
  }

  private load(customerId: string): Promise<{ state: CustomerState; revision: number }> {
    const { eventStore, upcasters } = this.ports;
    return loadState(eventStore, upcasters, customer, streamName('customer', customerId));
  }
}

const PAGE = 1000;
