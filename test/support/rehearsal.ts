import { Lanes } from '#apps/command-api/bulk/lanes';
import { AudienceChecksum } from '#crm/campaign/audience-checksum';
import { campaign, campaignFacts } from '#crm/campaign/campaign';
import { launchPolicy } from '#crm/campaign/launch-policy';
import { commandTypes } from '#crm/catalogue';
import type { AnyCommandType } from '#crm/command-type';
import { erasurePolicy } from '#crm/customer/erasure-policy';
import { mergePolicy } from '#crm/customer/merge-policy';
import { carryOut } from '#crm/policy';
import { SqliteEventStore } from '#event-store/sqlite/sqlite-event-store';
import { businessTime } from '#eventing/business-time';
import { commandHandler, loadState } from '#eventing/command-handler';
import type { Command, CommandMetadata } from '#eventing/decider';
import { PerennialError } from '#eventing/errors';
import { streamName } from '#eventing/stream-name';
import { Upcasters } from '#eventing/upcaster';
import { Sealer } from '#personal-data/sealer';
import { openEmbeddedKeyVault } from '#personal-data/sqlite/embedded-key-vault';

const types = new Map<string, AnyCommandType>(commandTypes.map((type) => [type.type, type]));
const upcasters = new Upcasters();

export interface Asked {
  readonly type: string;
  readonly id: string;
  readonly data: object;
}

/** The members of a segment; undefined for a query that gives none. */
export type Segments = (sql: string) => readonly string[] | undefined;

/**
 * Runs commands from outside on a real store and a real vault, with all that follows from them, without HTTP and
 * without a warehouse: segments are evaluated by `members`.
 */
export class Rehearsal {
  private readonly lanes = new Lanes();
  private position = -1;

  private constructor(
    readonly store: SqliteEventStore,
    private readonly sealer: Sealer,
    private readonly members: Segments,
  ) {}

  static async in(directory: string, members: Segments): Promise<Rehearsal> {
    const vault = await openEmbeddedKeyVault(directory, { announce: () => {} });
    return new Rehearsal(new SqliteEventStore(`${directory}/events.db`), new Sealer(vault), members);
  }

  /**
   * Commands of one lane run one after the other; those that touch several streams, or that are said to, alone.
   * @returns what the domain said no to, the command itself or what follows from it
   */
  ask(command: Asked, lane: string, alone = false): Promise<PerennialError | undefined> {
    const several = alone || types.get(command.type)?.barrier === true;
    return several
      ? this.lanes.runAlone(() => this.decide(command, true))
      : this.lanes.run(lane, () => this.decide(command, false));
  }

  private async decide({ type, id, data }: Asked, several: boolean): Promise<PerennialError | undefined> {
    const { occurredAt, segment, ...given } = data as { occurredAt: string; segment?: { sql: string } };
    const facts = { ...given, ...(segment && { segment: { ...segment, position: this.position + 1 } }) };
    const metadata: CommandMetadata = {
      commandId: id,
      actor: 'rehearsal',
      correlationId: 'rehearsal',
      causationId: null,
      customerId: null,
      ...businessTime(occurredAt, 'UTC', Date.now()),
    };
    try {
      await this.send({ type, data: facts, metadata });
      const refusal = several ? await this.followUp() : undefined;
      if (type === 'LaunchCampaign') await this.launch(facts, metadata);
      return refusal;
    } catch (error) {
      if (error instanceof PerennialError) return error;
      throw error;
    }
  }

  private async send({ type, data, metadata }: Command): Promise<void> {
    const commandType = types.get(type);
    if (!commandType) throw new Error(`There is no command ${type}`);
    const stream = commandType.stream(data);
    const named = commandType.customer(data);
    const customerId = named === undefined ? await this.customerOf(stream) : named;
    const place = { owner: customerId ?? stream, stream };
    const sealed = await this.sealer.sealFields(data as object, commandType.personal, place);
    const filled = commandType.filledByServer?.includes('campaign')
      ? { ...sealed, campaign: await this.factsOf((data as { campaignId: string }).campaignId) }
      : sealed;
    await commandHandler(this.store, upcasters)(commandType.decider, stream, {
      type,
      data: filled,
      metadata: { ...metadata, customerId },
    });
  }

  private async customerOf(stream: string): Promise<string | null> {
    for await (const event of this.store.readStream(stream, { limit: 1 })) return event.metadata.customerId;
    return null;
  }

  private async factsOf(campaignId: string) {
    const { state } = await loadState(this.store, upcasters, campaign, streamName('campaign', campaignId));
    return campaignFacts(state);
  }

  private async followUp(): Promise<PerennialError | undefined> {
    let no: PerennialError | undefined;
    for (let found = true; found; ) {
      found = false;
      for await (const event of this.store.readAll({ after: this.position })) {
        this.position = event.position;
        for (const followUp of [...mergePolicy(event), ...erasurePolicy(event)]) {
          found = true;
          no ??= await carryOut(followUp, (command) => this.send(command));
        }
      }
    }
    return no;
  }

  private async launch(data: object, metadata: CommandMetadata): Promise<void> {
    const { campaignId, customers, segment } = data as {
      campaignId: string;
      customers?: readonly string[];
      segment?: { sql: string };
    };
    // Mass advertising and imports have nobody to draw.
    if (!customers && !segment) return;
    const audience = customers ?? (segment && this.members(segment.sql));
    if (!audience) {
      const data = { campaignId, code: 'segment-failed', message: 'It gives no customer_id.' };
      await this.send({ type: 'FailLaunch', data, metadata: { ...metadata, commandId: 'failed' } });
      return;
    }
    const found = AudienceChecksum.of(audience);
    const assigned = AudienceChecksum.empty();
    for (let step = 1; ; step++) {
      const { state } = await loadState(this.store, upcasters, campaign, streamName('campaign', campaignId));
      const next = launchPolicy(state, { found, assigned });
      const commandId = `${metadata.commandId}-${step}`;
      if (next.do === 'nothing') return;
      if (next.do === 'send') await this.send({ ...next.command, metadata: { ...metadata, commandId } });
      else if (next.do === 'assign-members')
        for (const customerId of audience) {
          const command = { type: 'AssignSelectedMember', data: { campaignId, customerId } };
          await this.send({ ...command, metadata: { ...metadata, commandId: `${commandId}-${customerId}` } });
          assigned.add(customerId);
        }
      else throw new Error(JSON.stringify(next));
    }
  }
}
