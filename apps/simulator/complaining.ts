import type { ComplaintSource, RedressKind } from '#crm/complaint/complaint-types';
import type { Severity } from '#crm/vocabulary';
import { employee, type Product } from './assortment.js';
import { euros, type Line } from './basket.js';
import { DAY, dateOf, HOUR } from './calendar.js';
import type { Chance } from './chance.js';
import type { Journal } from './journal.js';
import type { Life, Order } from './life.js';
import { ANSWERS_TO_COMPLAINTS, GRIEVANCES, type Grievance } from './words.js';

export interface Occasion {
  readonly at: number;
  readonly grievance: Grievance;
  readonly severity: Severity;
  readonly order: Order;
  readonly serviceFailureId: string;
}

export interface Outcome {
  /** Whether the customer is content in the end. */
  readonly satisfied: boolean;
  readonly replaced: Product;
  /** When something was sent to make up for it. */
  readonly replacementAt?: number;
}

const SOURCES: Readonly<Record<ComplaintSource, number>> = {
  unsolicited: 68,
  survey: 12,
  stimulated: 8,
  social: 8,
  employee: 4,
};
const CHANNELS = { email: 40, phone: 22, web: 16, store: 12, chat: 6, post: 4 };
const DAYS_TO_ANSWER: Readonly<Record<Severity, number>> = { low: 14, medium: 10, high: 7, critical: 3 };
const MISTAKES = 0.015;

/** A complaint with all that follows from it, as far as the simulated time goes. */
export const complain = (life: Life, occasion: Occasion): Outcome => {
  const { at, grievance, severity, order, serviceFailureId } = occasion;
  const complaintId = life.newId('K');
  const source = life.chance.weighted(SOURCES);
  const channel = source === 'social' ? 'social' : life.chance.weighted(CHANNELS);
  const { product } = order.basket.lines[0] as Line;
  const opening = {
    customerId: life.idAt(at),
    channel,
    source,
    category: grievance.category,
    subcategory: grievance.subcategory,
    product: product.category,
    subproduct: product.name,
    severity,
    orderId: order.orderId,
    sku: product.sku,
    serviceFailureId,
    description: life.chance.pick(grievance.texts),
    attributes: { country: life.person.identity.country, region: life.person.identity.region },
  };
  if (life.chance.happens(MISTAKES)) enterTwice(life, at, `${complaintId}-twice`, opening, complaintId);
  const course = new Course(life.journal, life.chance, complaintId, at, severity);
  course.open(opening);
  return { ...course.run(grievance, channel), replaced: product };
};

const enterTwice = (
  { journal }: Life,
  at: number,
  complaintId: string,
  opening: Omit<Parameters<Course['open']>[0], 'complaintId'>,
  replacedBy: string,
): void => {
  journal.add('OpenComplaint', at - HOUR, { ...opening, complaintId });
  journal.add('VoidComplaint', at + HOUR, { complaintId, reason: 'duplicate', replacedBy });
};

interface Opening {
  readonly customerId?: string;
  readonly channel: string;
  readonly category: string;
  readonly description: string;
}

/** Step by step, each some time after the one before. */
export class Course {
  private now: number;
  private readonly due: number;

  constructor(
    private readonly journal: Journal,
    private readonly chance: Chance,
    private readonly complaintId: string,
    at: number,
    severity: Severity,
  ) {
    this.now = at;
    this.due = at + DAYS_TO_ANSWER[severity] * DAY;
  }

  open(opening: Opening): void {
    const { complaintId, due } = this;
    this.journal.add('OpenComplaint', this.now, { ...opening, complaintId, dueDate: dateOf(due) });
  }

  run(grievance: Grievance, channel: string): Omit<Outcome, 'replaced'> {
    const { chance } = this;
    this.takeUp(grievance);
    // Some fall between two chairs, and stay there.
    if (chance.happens(0.07)) return { satisfied: false };
    if (chance.happens(0.15)) this.waitForCustomer();
    let accepted = this.answer(channel);
    if (!accepted && chance.happens(0.45)) {
      this.dispute();
      accepted = this.answer(channel);
    }
    const redress = accepted || chance.happens(0.15) ? this.grantRedress() : undefined;
    this.resolve(grievance);
    let satisfied = chance.happens(redress ? 0.85 : accepted ? 0.6 : 0.2);
    if (!satisfied && chance.happens(0.15)) {
      this.reopen();
      this.answer(channel);
      this.resolve(grievance);
      satisfied = chance.happens(0.5);
    }
    if (chance.happens(0.75)) this.reportSatisfaction(satisfied);
    if (chance.happens(0.9)) this.close();
    return { satisfied, ...(redress === 'replacement' && { replacementAt: this.now }) };
  }

  /** One complaint that leaves nothing out. */
  runInFull(grievance: Grievance, channel: string): void {
    this.acknowledge();
    this.assign(grievance);
    this.reclassify(grievance);
    this.sendOn(grievance);
    this.waitForCustomer();
    this.answer(channel);
    this.dispute();
    this.answer(channel);
    this.grantRedress();
    this.resolve(grievance);
    this.close();
    this.reopen();
    this.answer(channel);
    this.resolve(grievance);
    this.reportSatisfaction(true);
    this.close();
  }

  private takeUp(grievance: Grievance): void {
    const { chance } = this;
    if (chance.happens(0.85)) this.acknowledge();
    this.assign(grievance);
    if (chance.happens(0.08)) this.reclassify(grievance);
    if (chance.happens(0.12)) this.sendOn(grievance);
  }

  private acknowledge(): void {
    const { complaintId } = this;
    this.journal.add('AcknowledgeComplaint', this.later(1, 30), { complaintId, channel: 'email' });
  }

  private assign({ unit }: Grievance): void {
    const { chance, complaintId } = this;
    const assignee = employee(chance.whole(0, 13));
    this.journal.add('AssignComplaint', this.later(1, 24), { complaintId, unit, assignee });
  }

  private reclassify(grievance: Grievance): void {
    const { chance, complaintId } = this;
    const { category, subcategory } = chance.pick(GRIEVANCES.filter((other) => other !== grievance));
    this.journal.add('ReclassifyComplaint', this.later(2, 30), {
      complaintId,
      category,
      subcategory,
      reason: 'looked-into',
    });
  }

  private sendOn({ unit }: Grievance): void {
    const { complaintId } = this;
    this.journal.add('SendComplaintOn', this.later(4, 48), {
      complaintId,
      to: unit === 'quality' ? 'Maker of the product' : 'Parcel service',
      note: 'Please tell us within three days.',
    });
  }

  private waitForCustomer(): void {
    const { complaintId } = this;
    this.journal.add('AwaitCustomer', this.later(4, 40), { complaintId, reason: 'photo-needed' });
    this.later(24, 120);
  }

  /** @returns whether the customer got what he or she wanted */
  private answer(channel: string): boolean {
    const { chance, complaintId } = this;
    const [outcome, response] = chance.pick(ANSWERS_TO_COMPLAINTS);
    const at = this.later(12, 160);
    this.journal.add('AnswerComplaint', at, {
      complaintId,
      outcome,
      timely: dateOf(at) <= dateOf(this.due),
      channel: channel === 'social' ? 'email' : channel,
      response,
    });
    return outcome.startsWith('Accepted');
  }

  private dispute(): void {
    const { complaintId } = this;
    this.journal.add('DisputeComplaint', this.later(5, 90), {
      complaintId,
      reason: 'not-what-happened',
      note: 'I have photos of it and shall not let it rest.',
    });
  }

  private grantRedress(): RedressKind {
    const { chance, complaintId } = this;
    const kind = chance.weighted({
      refund: 25,
      voucher: 25,
      replacement: 18,
      repair: 10,
      discount: 8,
      compensation: 6,
      apology: 8,
    });
    this.journal.add('GrantRedress', this.later(1, 48), {
      complaintId,
      redressId: `${complaintId}-redress`,
      kind,
      ...(kind !== 'apology' && { cost: euros(chance.whole(500, 6000)) }),
    });
    return kind;
  }

  private resolve({ cause, correctiveAction, unit }: Grievance): void {
    const { chance, complaintId } = this;
    this.journal.add('ResolveComplaint', this.later(2, 72), {
      complaintId,
      cause,
      responsibleUnit: unit,
      handlingCost: euros(chance.whole(400, 4500)),
      ...(chance.happens(0.5) && { correctiveAction }),
    });
  }

  private reopen(): void {
    const { complaintId } = this;
    this.journal.add('ReopenComplaint', this.later(24, 200), { complaintId, reason: 'happened-again' });
  }

  private reportSatisfaction(satisfied: boolean): void {
    const { chance, complaintId } = this;
    const score = satisfied ? chance.whole(4, 5) : chance.whole(1, 2);
    this.journal.add('ReportSatisfaction', this.later(24, 120), {
      complaintId,
      score: chance.happens(0.1) ? 3 : score,
      channel: 'email',
    });
  }

  private close(): void {
    const { complaintId } = this;
    this.journal.add('CloseComplaint', this.later(24, 200), { complaintId, reason: 'done' });
  }

  /** Moves on by some hours. */
  private later(least: number, most: number): number {
    this.now += Math.floor(this.chance.between(least, most) * HOUR);
    return this.now;
  }
}
