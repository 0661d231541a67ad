import type { CommandName } from '#apps/command-api/command-dtos';
import { AudienceChecksum } from '#crm/campaign/audience-checksum';
import type { Random } from '#statistics/random';

/** A command as a client sends it, again and again under the same id until it is acknowledged. */
export interface StoryCommand {
  readonly type: CommandName;
  readonly id: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Commands that may be sent together. */
export interface Stage {
  readonly commands: readonly StoryCommand[];
  /** The next stage must wait until this campaign has its members. */
  readonly launches?: string;
}

type Data = Readonly<Record<string, unknown>>;
type Tell = (type: CommandName, data: Data) => StoryCommand;

export const LAUNCHED_FOR = 120;
const IMPORTED = 8;
const TOUCHED = 10;
const euros = (amount: string) => ({ amount, currency: 'EUR' });

/** Of these the sender must say when they happened; otherwise it is the server's time, another at each attempt. */
const DATED: ReadonlySet<CommandName> = new Set<CommandName>([
  'RecordPurchase',
  'RecordReturn',
  'RecordInteraction',
  'OpenComplaint',
  'RecordServiceFailure',
]);

/** Makes up what happens to customers of whom no other client knows: commands of all aggregates, none to be refused. */
export class Storyteller {
  private stories: number;
  private commands = 0;

  constructor(
    private readonly name: string,
    private readonly random: Random,
  ) {
    // Not all begin with the same.
    this.stories = Math.floor(random.uniform() * 10);
  }

  /** A story: each stage may begin when the one before is acknowledged. */
  next(): readonly Stage[] {
    this.stories += 1;
    if (this.stories % 10 === 2) return this.launchedCampaign();
    if (this.stories % 10 === 7) return this.importedCampaign();
    return this.customers();
  }

  /** Two customers, who turn out to be one, what they bought, said and complained of; some are erased at the end. */
  private customers(): Stage[] {
    const [ada, bob] = [this.id('c', 1), this.id('c', 2)];
    const tell = this.teller();
    const merged = this.happens(0.6);
    const commands = [
      tell('RegisterCustomer', person(ada)),
      tell('RegisterCustomer', person(bob)),
      tell('ChangeCustomerDetails', { customerId: ada, phone: null, attributes: { loyaltyTier: 'gold' } }),
      tell('TagCustomer', { customerId: ada, tag: 'seen' }),
      ...this.facts(ada, bob, tell),
      ...this.complaint(bob, tell),
      ...(merged ? [tell('MergeCustomer', { customerId: bob, into: ada, reason: 'duplicate' })] : []),
      tell('RecordPurchase', this.order(4, bob)),
      ...(merged && this.happens(0.4) ? [tell('UndoCustomerMerge', { customerId: bob, into: ada })] : []),
      ...this.voidings(tell),
      tell('UntagCustomer', { customerId: ada, tag: 'seen' }),
      ...this.perhaps(0.2, () => tell('CloseCustomer', { customerId: ada, initiator: 'customer' })),
    ];
    // Whoever is erased has nothing under way: what is sent again after it is answered that he or she is gone.
    const erasure = this.perhaps(0.4, () => tell('EraseCustomer', { customerId: ada, reason: 'requested' }));
    return [{ commands }, { commands: erasure }];
  }

  private facts(ada: string, bob: string, tell: Tell): StoryCommand[] {
    return [
      tell('RecordPurchase', this.order(1, ada)),
      tell('RecordPurchase', this.order(2, bob)),
      tell('RecordPurchase', { orderId: this.id('o', 3), total: euros('7.50'), channel: 'store' }),
      tell('RecordInteraction', {
        interactionId: this.id('i', 1),
        customerId: ada,
        channel: 'phone',
        direction: 'inbound',
        text: 'Asked where the parcel is.',
      }),
      tell('RecordInteraction', { interactionId: this.id('i', 2), visitorId: this.id('v'), channel: 'web' }),
      tell('RecordServiceFailure', {
        serviceFailureId: this.id('f'),
        kind: 'late-delivery',
        orderId: this.id('o', 1),
        affectedCustomers: [ada],
      }),
      tell('RecordReturn', { ...this.return(), reason: 'damaged', refund: euros('5.00') }),
    ];
  }

  private voidings(tell: Tell): StoryCommand[] {
    const { orderId, returnId } = this.return();
    const reason = 'entered-in-error';
    return [
      ...this.perhaps(0.3, () => tell('VoidPurchase', { orderId: this.id('o', 2), reason })),
      ...this.perhaps(0.3, () => tell('VoidInteraction', { interactionId: this.id('i', 1), reason })),
      ...this.perhaps(0.2, () => tell('VoidReturn', { orderId, returnId, reason })),
      ...this.perhaps(0.2, () => tell('VoidServiceFailure', { serviceFailureId: this.id('f'), reason })),
    ];
  }

  private complaint(customerId: string, tell: Tell): StoryCommand[] {
    const complaintId = this.id('k');
    const follow = (type: CommandName, data: Data = {}) => tell(type, { complaintId, ...data });
    const opening = { customerId, channel: 'phone', category: 'delivery', description: 'It came late.' };
    return [
      follow('OpenComplaint', opening),
      follow('AcknowledgeComplaint', { channel: 'email' }),
      follow('AssignComplaint', { unit: 'claims' }),
      follow('AnswerComplaint', { outcome: 'apology', response: 'We are sorry.' }),
      follow('DisputeComplaint', { reason: 'wants-refund' }),
      follow('GrantRedress', { redressId: this.id('g'), kind: 'refund', cost: euros('4.00') }),
      follow('ResolveComplaint', { cause: 'carrier' }),
      follow('ReportSatisfaction', { score: 3 }),
      ...this.perhaps(0.2, () => follow('VoidComplaint', { reason: 'duplicate' })),
    ];
  }

  /** Its members are drawn by the server, in the background, while it is being killed. */
  private launchedCampaign(): Stage[] {
    const campaignId = this.id('launched');
    const members = Array.from({ length: LAUNCHED_FOR }, (_, i) => this.id('m', i));
    const tell = this.teller();
    const touched = members.slice(0, TOUCHED);
    return [
      { commands: [tell('PlanCampaign', this.plan(campaignId))] },
      { commands: [tell('LaunchCampaign', { campaignId, customers: members })], launches: campaignId },
      { commands: touched.map((customerId) => this.touch(campaignId, customerId, 'sent', tell)) },
      { commands: [tell('EndCampaign', { campaignId, reason: 'as-planned' })] },
    ];
  }

  private importedCampaign(): Stage[] {
    const campaignId = this.id('imported');
    const members = Array.from({ length: IMPORTED }, (_, i) => this.id('n', i));
    const tell = this.teller();
    const outcome = { visits: 1, conversions: 1, spend: euros('12.00') };
    return [
      { commands: [tell('PlanCampaign', { ...this.plan(campaignId), imported: true })] },
      { commands: [tell('LaunchCampaign', { campaignId })] },
      {
        commands: members.map((customerId, i) =>
          tell('AssignMember', { campaignId, customerId, arm: i % 4 === 0 ? 'control' : 'letter', outcome }),
        ),
      },
      { commands: [tell('FreezeAudience', { campaignId, ...AudienceChecksum.of(members) })] },
      {
        commands: members.flatMap((customerId) => [
          this.touch(campaignId, customerId, 'sent', tell),
          this.touch(campaignId, customerId, 'delivered', tell),
          tell('RecordCampaignResponse', {
            campaignId,
            customerId,
            responseId: `response-${customerId}`,
            kind: 'coupon',
            note: 'Liked it.',
          }),
        ]),
      },
      { commands: [tell('RecordCampaignCost', { campaignId, cost: euros('80.00'), reason: 'invoice' })] },
    ];
  }

  private touch(campaignId: string, customerId: string, touch: string, tell: Tell): StoryCommand {
    return tell('RecordTouch', {
      campaignId,
      customerId,
      touchId: `t-${customerId}`,
      touch,
      channel: 'post',
    });
  }

  private plan(campaignId: string) {
    return {
      campaignId,
      name: 'A letter',
      goal: 'second purchase',
      phase: 'retention',
      channel: 'post',
      arms: [{ name: 'letter', share: 1 }],
      holdOut: 0.2,
    };
  }

  private order(number: number, customerId: string) {
    const unitPrice = euros('5.00');
    return {
      orderId: this.id('o', number),
      customerId,
      total: euros('25.00'),
      channel: 'web',
      lines: [
        { sku: 'cup', quantity: 2, unitPrice },
        { sku: 'tea', quantity: 3, unitPrice },
      ],
    };
  }

  private return() {
    return {
      orderId: this.id('o', 1),
      returnId: this.id('r', 1),
      lines: [{ sku: 'cup', quantity: 1 }],
    };
  }

  private teller(): Tell {
    const allDated = this.happens(0.5);
    let time = Date.UTC(2024, 0, 1) + Math.floor(this.random.uniform() * 300) * 86_400_000;
    return (type, data) => {
      this.commands += 1;
      time += 3_600_000;
      const occurredAt = allDated || DATED.has(type) ? { occurredAt: new Date(time).toISOString() } : {};
      return { type, id: `${this.name}-command-${this.commands}`, data: { ...data, ...occurredAt } };
    };
  }

  private id(kind: string, number = 1): string {
    return `${kind}-${this.name}-${this.stories}-${number}`;
  }

  private happens(probability: number): boolean {
    return this.random.uniform() < probability;
  }

  private perhaps(probability: number, tell: () => StoryCommand): StoryCommand[] {
    return this.happens(probability) ? [tell()] : [];
  }
}

const person = (customerId: string) => ({
  customerId,
  stage: 'customer',
  name: `Somebody ${customerId}`,
  email: `${customerId}@example.org`,
  phone: '+49 30 23125 042',
  attributes: { country: 'DE' },
});
