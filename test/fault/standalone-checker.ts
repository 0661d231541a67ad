import { AudienceChecksum } from '#crm/campaign/audience-checksum';
import type { CampaignLaunchedData } from '#crm/campaign/campaign-types';
import { customer } from '#crm/customer/customer';
import type { CustomerState } from '#crm/customer/customer-state';
import type { CustomerEvent } from '#crm/customer/customer-types';
import type { Stored } from '#eventing/decider';
import type { DomainEvent, RecordedEvent } from '#eventing/event';
import { eventId } from '#eventing/ids';
import type { Acknowledged } from './standalone-client.js';

// What must hold after any number of kills, as pure functions over what was read back.

export interface Finding {
  readonly kind: 'lost' | 'doubled' | 'foreign' | 'moved' | 'out of order' | 'half done';
  readonly what: string;
}

const finding = (kind: Finding['kind'], what: string): Finding => ({ kind, what });

/** Every acknowledged command is there once, where and in the order in which it was acknowledged. */
export const checkCommands = (
  acknowledged: readonly Acknowledged[],
  events: readonly RecordedEvent[],
): Finding[] => {
  const found = [...checkIds(events), ...checkRevisions(events)];
  const byCommand = groupBy(events, ({ stream, metadata }) => keyOf(stream, metadata.commandId));
  const told = new Map<string, Acknowledged>();
  for (const one of acknowledged) {
    const { command, stream, position, revision } = one;
    const what = `${command.type} ${command.id} at ${position} in ${stream}`;
    const earlier = told.get(command.id);
    if (earlier && earlier.position !== position)
      found.push(finding('moved', `${what}: was acknowledged at ${earlier.position} before`));
    told.set(command.id, one);
    const its = byCommand.get(keyOf(stream, command.id));
    if (!its) {
      found.push(finding('lost', what));
      continue;
    }
    its.forEach(({ id }, index) => {
      if (id !== eventId(stream, command.id, index))
        found.push(finding('doubled', `${what}: event ${index} is ${id}`));
    });
    if (spansStreams(command.type)) continue;
    const last = its.at(-1) as RecordedEvent;
    if (last.position !== position || (revision !== undefined && last.revision !== revision))
      found.push(finding('moved', `${what}: stands at ${last.position}, revision ${last.revision}`));
  }
  return [...found, ...checkForeign(acknowledged, events), ...checkOrder([...told.values()], byCommand)];
};

const keyOf = (stream: string, commandId: string): string => `${stream}\n${commandId}`;

/** Begins on one stream and is answered with the end of it on another event. */
const spansStreams = (type: string): boolean => type === 'MergeCustomer' || type === 'UndoCustomerMerge';

const checkIds = (events: readonly RecordedEvent[]): Finding[] =>
  [...groupBy(events, ({ id }) => id)]
    .filter(([, same]) => same.length > 1)
    .map(([id, same]) => finding('doubled', `event ${id} at ${same.map(({ position }) => position)}`));

/** From 0 on without gaps, in the order of the positions. */
const checkRevisions = (events: readonly RecordedEvent[]): Finding[] =>
  [...groupBy(events, ({ stream }) => stream)].flatMap(([stream, its]) =>
    its.every(({ revision }, index) => revision === index)
      ? []
      : [finding('out of order', `${stream} has the revisions ${its.map(({ revision }) => revision)}`)],
  );

/** Whatever no client has sent must follow from something that one has. */
const checkForeign = (acknowledged: readonly Acknowledged[], events: readonly RecordedEvent[]): Finding[] => {
  const sent = new Set(acknowledged.map(({ command }) => command.id));
  const ids = new Set(events.map(({ id }) => id));
  return events
    .filter(
      ({ metadata: { commandId, causationId } }) =>
        !sent.has(commandId) && !(causationId !== null && ids.has(causationId)),
    )
    .map(({ type, stream, position }) => finding('foreign', `${type} at ${position} in ${stream}`));
};

/** What one client sent of one customer has the order in which it was sent. */
const checkOrder = (
  acknowledged: readonly Acknowledged[],
  byCommand: ReadonlyMap<string, readonly RecordedEvent[]>,
): Finding[] => {
  const begun = ({ stream, command }: Acknowledged) => byCommand.get(keyOf(stream, command.id))?.[0];
  const perCustomer = groupBy(
    acknowledged,
    (one) => `${one.client}\n${begun(one)?.metadata.customerId ?? one.stream}`,
  );
  return [...perCustomer.values()].flatMap((its) =>
    its
      .map((one) => ({ one, number: Number(one.command.id.split('-').at(-1)) }))
      .sort((a, b) => a.number - b.number)
      .map(({ one }) => ({ one, position: begun(one)?.position ?? Number.NaN }))
      .filter(({ position }, i, all) => i > 0 && position <= (all[i - 1]?.position as number))
      .map(({ one }) => finding('out of order', `${one.command.type} ${one.command.id} in ${one.stream}`)),
  );
};

export interface ErasedOwners {
  /** The vault refuses them a key. */
  readonly tombstones: ReadonlySet<string>;
  /** Who has one. */
  readonly keys: ReadonlySet<string>;
}

/** No customer is left half merged or half erased, no campaign half launched. */
export const checkProcesses = (events: readonly RecordedEvent[], vault: ErasedOwners): Finding[] => {
  const states = customerStates(events);
  return [
    ...[...states].flatMap(([id, state]) => checkMerges(id, state, states)),
    ...[...states].flatMap(([id, state]) => checkErasure(id, state, states, vault)),
    ...checkLaunches(events),
  ];
};

export const customerStates = (events: readonly RecordedEvent[]): Map<string, CustomerState> => {
  const states = new Map<string, CustomerState>();
  for (const event of events) {
    if (!/^customer-/.test(event.stream)) continue;
    const { customerId } = event.data as { customerId: string };
    const state = states.get(customerId) ?? customer.initialState;
    states.set(customerId, customer.evolve(state, event as DomainEvent as Stored<CustomerEvent>));
  }
  return states;
};

type States = ReadonlyMap<string, CustomerState>;

const checkMerges = (id: string, state: CustomerState, states: States): Finding[] => {
  const found: Finding[] = [];
  if (state.merging) found.push(finding('half done', `${id} still waits for ${state.merging.from}`));
  if (state.unmerging) found.push(finding('half done', `${id} still lets go of ${state.unmerging.from}`));
  for (const { from } of state.mergedFrom)
    if (states.get(from)?.mergedInto?.into !== id)
      found.push(finding('half done', `${id} thinks ${from} is merged into it`));
  const into = state.mergedInto?.into;
  if (into !== undefined && !states.get(into)?.mergedFrom.some(({ from }) => from === id))
    found.push(finding('half done', `${id} thinks it is merged into ${into}`));
  return found;
};

const checkErasure = (
  id: string,
  { erased, mergedFrom }: CustomerState,
  states: States,
  { tombstones, keys }: ErasedOwners,
): Finding[] => {
  const found: Finding[] = [];
  if (tombstones.has(id) !== erased)
    found.push(
      finding('half done', `${id} is erased ${erased ? 'but not in the vault' : 'in the vault alone'}`),
    );
  if (erased && keys.has(id)) found.push(finding('half done', `${id} is erased and has a key`));
  for (const { from } of erased ? mergedFrom : [])
    if (!states.get(from)?.erased) found.push(finding('half done', `${from} outlives ${id}`));
  return found;
};

const checkLaunches = (events: readonly RecordedEvent[]): Finding[] => {
  const members = new Map<string, string[]>();
  const frozen = new Map<string, { count: number; checksum: string }>();
  for (const { type, data } of events) {
    const { campaignId, customerId } = data as { campaignId: string; customerId: string };
    if (type === 'MemberAssigned') members.set(campaignId, [...(members.get(campaignId) ?? []), customerId]);
    if (type === 'AudienceFrozen') frozen.set(campaignId, data as { count: number; checksum: string });
  }
  return events
    .filter(({ type }) => type === 'CampaignLaunched')
    .flatMap(({ data }) => {
      const { campaignId, customers } = data as CampaignLaunchedData;
      const assigned = members.get(campaignId) ?? [];
      const { count, checksum } = AudienceChecksum.of(assigned);
      const audience = frozen.get(campaignId);
      const whole = customers === undefined || customers.length === assigned.length;
      return whole && audience?.count === count && audience.checksum === checksum
        ? []
        : [finding('half done', `${campaignId} has ${count} members, ${JSON.stringify(audience)} frozen`)];
    });
};

export const groupBy = <T>(all: readonly T[], key: (one: T) => string): Map<string, T[]> => {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const group = groups.get(key(one));
    if (group) group.push(one);
    else groups.set(key(one), [one]);
  }
  return groups;
};
