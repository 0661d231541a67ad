import { customer } from '#crm/customer/customer';
import type { CustomerDetails } from '#crm/customer/customer-types';
import { loadState, type Outcome } from '#eventing/command-handler';
import type { Command } from '#eventing/decider';
import { PerennialError } from '#eventing/errors';
import type { EventStore } from '#eventing/event-store';
import { streamName } from '#eventing/stream-name';
import type { Upcasters } from '#eventing/upcaster';
import type { KeyVault, LookUp } from '#personal-data/key-vault';
import { normaliseEmail, normalisePhone } from '#personal-data/look-up';
import type { Sealer } from '#personal-data/sealer';
import { Lanes } from './bulk/lanes.js';

export interface LookUpPorts {
  readonly eventStore: EventStore;
  readonly upcasters: Upcasters;
  readonly vault: KeyVault;
  readonly sealer: Sealer;
  readonly phoneRegion: string;
}

type Contacts = Readonly<Partial<Record<keyof CustomerDetails, unknown>>>;

/** By what a customer can be found, in step with what his or her events say. */
export class LookUps {
  /** Two changes at once would each remove what the other has just put. */
  private readonly changes = new Lanes();

  constructor(private readonly ports: LookUpPorts) {}

  /**
   * Puts new look-ups before the append: one without its event finds nobody, but an event without its look-up would
   * never be found. Old ones go after it.
   */
  async around(command: Command, owner: string, append: () => Promise<Outcome>): Promise<Outcome> {
    const contacts = command.data as Contacts;
    switch (command.type) {
      case 'RegisterCustomer':
        return this.putting(this.lookUpsIn(contacts, owner), owner, append);
      case 'ChangeCustomerDetails':
        if (contacts.email === undefined && contacts.phone === undefined) return append();
        return this.changes.run(owner, () => this.change(contacts, owner, append));
      default:
        return append();
    }
  }

  private async change(contacts: Contacts, owner: string, append: () => Promise<Outcome>): Promise<Outcome> {
    const before = await this.contactsOf(owner);
    const outcome = await this.putting(this.lookUpsIn(contacts, owner), owner, append);
    if (outcome.status === 'accepted') await this.removeStale(this.lookUpsIn(before, owner), owner);
    return outcome;
  }

  private async putting(
    lookUps: readonly LookUp[],
    owner: string,
    append: () => Promise<Outcome>,
  ): Promise<Outcome> {
    if (lookUps.length > 0) await this.ports.vault.putLookUps(lookUps);
    try {
      return await append();
    } catch (error) {
      // Where the outcome is not known, a look-up too many is better than one too few.
      if (error instanceof PerennialError && error.kind !== 'unavailable')
        await this.removeStale(lookUps, owner);
      throw error;
    }
  }

  /** Removes those by which the customer is not to be found now. */
  private async removeStale(lookUps: readonly LookUp[], owner: string): Promise<void> {
    if (lookUps.length === 0) return;
    const valid = this.lookUpsIn(await this.contactsOf(owner), owner);
    const stale = lookUps.filter(
      ({ kind, value }) => !valid.some((kept) => kept.kind === kind && kept.value === value),
    );
    if (stale.length > 0) await this.ports.vault.removeLookUps(stale);
  }

  private async contactsOf(owner: string): Promise<Contacts> {
    const { eventStore, upcasters, sealer } = this.ports;
    const stream = streamName('customer', owner);
    const { state } = await loadState(eventStore, upcasters, customer, stream);
    const { email, phone } = state.details ?? {};
    return sealer.openFields({ email, phone }, { owner, stream });
  }

  private lookUpsIn({ email, phone }: Contacts, owner: string): LookUp[] {
    const number = typeof phone === 'string' ? normalisePhone(phone, this.ports.phoneRegion) : undefined;
    return [
      ...(typeof email === 'string' ? [{ owner, kind: 'email' as const, value: normaliseEmail(email) }] : []),
      ...(number === undefined ? [] : [{ owner, kind: 'phone' as const, value: number }]),
    ];
  }
}
