import { campaign } from '#crm/campaign/campaign';
import type { CampaignFacts } from '#crm/campaign-member/campaign-member-types';
import { commandTypes } from '#crm/catalogue';
import type { AnyCommandType } from '#crm/command-type';
import type { MergeCustomer } from '#crm/customer/customer-types';
import { type BusinessTime, businessTime } from '#eventing/business-time';
import { loadState, type Outcome } from '#eventing/command-handler';
import type { Command } from '#eventing/decider';
import { type FieldProblem, invalid, notFound, PerennialError } from '#eventing/errors';
import type { EventStore } from '#eventing/event-store';
import { serverMadeId } from '#eventing/ids';
import { outsideCommandHandler } from '#eventing/outside-command-handler';
import type { Upcasters } from '#eventing/upcaster';
import { CustomerErased, type KeyVault } from '#personal-data/key-vault';
import type { Sealer } from '#personal-data/sealer';
import { commandDtos } from './command-dtos.js';
import { LookUps } from './look-ups.js';
import { demandMergeable } from './processes/demand-mergeable.js';
import { checkerOf } from './validation/checker.js';

/** Who sends a command, under which id, and what the sender expects of the stream. */
export interface Sender {
  readonly commandId: string;
  readonly actor: string;
  readonly correlationId: string;
  readonly traceparent?: string;
  readonly ifRevision?: number;
}

export interface PipelinePorts {
  readonly eventStore: EventStore;
  readonly upcasters: Upcasters;
  readonly vault: KeyVault;
  readonly sealer: Sealer;
  /** What the commands of a campaign's members must know of it; undefined when there is no such campaign. */
  campaignFactsOf(campaignId: string): Promise<CampaignFacts | undefined>;
  /** Takes what a command begins on several streams to its end. */
  finish(command: Command, outcome: Outcome): Promise<Outcome>;
  /** Whether anything was ever recorded of a customer. */
  isKnown(customerId: string): Promise<boolean>;
  /** @throws PerennialError `segment-invalid` for SQL that gives no audience */
  checkSegment(sql: string): Promise<void>;
  /** Position up to which the warehouse has every event. */
  landedPosition(): number;
  readonly businessZone: string;
  readonly phoneRegion: string;
  now(): number;
}

/** A command that is checked and complete, but for what must be sealed. */
export interface Prepared {
  readonly type: AnyCommandType;
  readonly stream: string;
  readonly command: Command<string, Data>;
  readonly ifRevision?: number;
  /** The sender said when it happened. */
  readonly timeGiven: boolean;
}

/** What came of a command, and the ids that it names. */
export interface Done extends Outcome {
  readonly ids: Readonly<Record<string, string>>;
}

type Data = Readonly<Record<string, unknown>>;

const byName = new Map(commandTypes.map((type) => [type.type, type]));

/** The one way of every command from a request to an event. */
export class Pipeline {
  private readonly handle: ReturnType<typeof outsideCommandHandler>;
  private readonly lookUps: LookUps;

  constructor(private readonly ports: PipelinePorts) {
    this.handle = outsideCommandHandler(ports.eventStore, ports.upcasters);
    this.lookUps = new LookUps(ports);
  }

  /**
   * Checks a command without deciding it: form, ids, time, and that its customer is not erased.
   * @throws PerennialError `unknown-command`, `validation-failed`, `invalid-time`
   */
  prepare(name: string, body: unknown, sender: Sender): Prepared {
    const type = byName.get(name);
    const dto = commandDtos[name];
    if (!type || !dto || type.internal)
      throw invalid('unknown-command', 'There is no such command.', [
        { path: 'type', reason: 'is not a command' },
      ]);
    const problems: FieldProblem[] = [];
    checkerOf(dto.type)(body, '', problems);
    const time = this.timeOf(body, problems);
    if (problems.length > 0)
      throw invalid('validation-failed', 'The command is not valid; nothing was changed.', problems);
    const { occurredAt, ...fields } = (dto.normalise?.(body as never) ?? body) as Record<string, unknown>;
    if (type.idField && fields[type.idField] === undefined)
      fields[type.idField] = serverMadeId(sender.actor, sender.commandId);
    const { commandId, actor, correlationId, traceparent, ifRevision } = sender;
    const customerId = type.customer(fields) ?? null;
    const metadata = { commandId, actor, correlationId, causationId: null, traceparent, customerId, ...time };
    const command = { type: name, data: fields, metadata };
    return { type, stream: type.stream(fields), command, ifRevision, timeGiven: occurredAt !== undefined };
  }

  /** Decides a prepared command and appends what comes of it. */
  async run(prepared: Prepared): Promise<Done> {
    const { type, stream, command, ifRevision, timeGiven } = prepared;
    const owner = await this.ownerOf(prepared);
    if (owner === undefined) throw demandRefusal(prepared);
    await this.refuseErased(command, owner);
    const completed = await this.complete(prepared);
    const sealed = await this.ports.sealer.sealFields(completed, personalIn(type, completed), {
      owner,
      stream,
    });
    const outcome = await this.lookUps.around(command, owner, () =>
      this.handle(type.decider, stream, { ...command, data: sealed }, { ifRevision, timeGiven }),
    );
    return { ...(await this.ports.finish(command, outcome)), ids: idsIn(command.data) };
  }

  /**
   * The customer whose command comes after others of the same; the stream where it concerns none. A follow-up
   * belongs to whom the first event of its stream concerns; undefined when there is none to follow up.
   */
  async ownerOf({ type, stream, command }: Prepared): Promise<string | undefined> {
    const named = type.customer(command.data);
    if (named !== undefined) return named ?? stream;
    for await (const first of this.ports.eventStore.readStream(stream, { limit: 1 }))
      return first.metadata.customerId ?? stream;
    return undefined;
  }

  /** The time in a body, or now; what is wrong with it is added to what else is wrong. */
  private timeOf(body: unknown, problems: FieldProblem[]): BusinessTime {
    const now = this.ports.now();
    const given = (body as { occurredAt?: unknown } | null)?.occurredAt;
    const text = typeof given === 'string' ? given : new Date(now).toISOString();
    try {
      return businessTime(text, this.ports.businessZone, now);
    } catch (error) {
      if (!(error instanceof PerennialError)) throw error;
      problems.push(...error.fields);
      return { occurredAt: '', businessDate: '' };
    }
  }

  /** Nothing more is kept of somebody who was erased; an erasure that did not come to its end may be sent again. */
  private async refuseErased({ type }: Command, owner: string): Promise<void> {
    if (type !== 'EraseCustomer' && (await this.ports.vault.isErased(owner))) throw new CustomerErased(owner);
  }

  /** Adds what the domain must know and callers do not say. */
  private async complete({ type, stream, command }: Prepared): Promise<Data> {
    const { eventStore, upcasters } = this.ports;
    const { data } = command;
    if (type.type === 'MergeCustomer') {
      await this.demandKnown('into', String(data.into));
      await demandMergeable(eventStore, upcasters, command as Command as MergeCustomer);
    }
    if (type.filledByServer?.includes('campaign'))
      return { ...data, campaign: await this.ports.campaignFactsOf(String(data.campaignId)) };
    const segment = type.type === 'LaunchCampaign' && (data.segment as { sql: string; position?: number });
    if (!segment) return data;
    await this.ports.checkSegment(segment.sql);
    return { ...data, segment: { position: await this.positionOf(segment.sql, stream), ...segment } };
  }

  /** A slip in an id would make a customer out of nothing, and give him or her the facts of another. */
  private async demandKnown(path: string, customerId: string): Promise<void> {
    if (await this.ports.isKnown(customerId)) return;
    throw notFound('customer-not-found', `There is nothing of a customer in ${path}.`);
  }

  /** As of which a segment is evaluated: a launch that is sent again means the same position. */
  private async positionOf(sql: string, stream: string): Promise<number> {
    const { eventStore, upcasters } = this.ports;
    const { state } = await loadState(eventStore, upcasters, campaign, stream);
    const known = state.launch?.segment;
    return known?.sql === sql ? known.position : Math.max(0, this.ports.landedPosition());
  }
}

/** The domain's no to a follow-up on nothing. It is asked without what is personal, so that no key is made for it. */
const demandRefusal = ({ type, stream, command }: Prepared): PerennialError => {
  const data = Object.fromEntries(
    Object.entries(command.data).filter(([name]) => !type.personal.some((path) => path.startsWith(name))),
  );
  try {
    type.decider.decide({ ...command, data }, type.decider.initialState);
  } catch (error) {
    if (error instanceof PerennialError) return error;
    throw error;
  }
  return new PerennialError('unavailable', 'stream-begun-meanwhile', `${stream} was begun just now.`);
};

/** Paths of the personal fields that are given: without any, no key is made for the owner. */
const personalIn = ({ personal }: AnyCommandType, data: Data): readonly string[] =>
  personal.filter((path) => {
    const [head] = path.split(/[.[]/, 1);
    const value = data[head as string];
    return value !== undefined && value !== null;
  });

const idsIn = (data: Data): Record<string, string> => {
  const ids: Record<string, string> = {};
  for (const [name, value] of Object.entries(data))
    if (name.endsWith('Id') && typeof value === 'string') ids[name] = value;
  return ids;
};
