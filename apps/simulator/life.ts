import type { PurchaseKind } from '#crm/purchase/purchase-types';
import type { Basket } from './basket.js';
import type { Calendar } from './calendar.js';
import { Chance } from './chance.js';
import type { Journal } from './journal.js';
import type { Person } from './person.js';

export interface Order {
  readonly orderId: string;
  readonly customerId: string;
  readonly at: number;
  readonly channel: string;
  readonly kind: PurchaseKind;
  readonly basket: Basket;
}

/** Ids of those who collect stamps on a card without a name. */
export const cardId = (number: number): string => `card-${String(number).padStart(5, '0')}`;
export const isCard = (customerId: string): boolean => customerId.startsWith('card-');
/** Ids of those who look around the web shop and have not said who they are. */
export const visitorId = (number: number): string => `visitor-${String(number).padStart(5, '0')}`;
export const isVisitor = (customerId: string): boolean => customerId.startsWith('visitor-');

export interface Duplicate {
  readonly customerId: string;
  readonly mergedAt: number;
  /** It turned out that they are two after all. */
  readonly undone: boolean;
}

/** One person's dealings with the shop as they are made up, and what the parts of the simulation share of them. */
export class Life {
  readonly chance: Chance;
  readonly orders: Order[] = [];
  /** From here on the person buys no more, whether or not anybody notices. */
  lostAt = Number.POSITIVE_INFINITY;
  /** When the person ended the relationship in so many words. */
  closedAt = Number.POSITIVE_INFINITY;
  /** When the shop learned the name; undefined as long as it has not. */
  registeredAt: number | undefined;
  /** A second customer that the shop took the person for, for a time. */
  duplicate: Duplicate | undefined;
  private readonly otherIds: { readonly id: string; readonly from: number; until: number }[] = [];
  private readonly counters = new Map<string, number>();

  constructor(
    readonly person: Person,
    readonly calendar: Calendar,
    readonly journal: Journal,
    seed: number,
  ) {
    this.chance = Chance.of(seed, 'life', person.number);
  }

  /** A time during which the shop takes the person for somebody else. */
  knownAs(id: string, from: number, until: number): void {
    this.otherIds.push({ id, from, until });
  }

  /** The shop learns that this was no one else. */
  forget(id: string, at: number): void {
    const known = this.otherIds.find((other) => other.id === id);
    if (known) known.until = at;
  }

  /** As whom the shop knows the person at a moment. */
  idAt(at: number): string {
    return this.otherIds.find(({ from, until }) => from <= at && at < until)?.id ?? this.person.customerId;
  }

  /** `O-00042-3`: of the 42nd person the third. */
  newId(letter: string): string {
    const count = (this.counters.get(letter) ?? 0) + 1;
    this.counters.set(letter, count);
    return `${letter}-${String(this.person.number).padStart(5, '0')}-${count}`;
  }
}
