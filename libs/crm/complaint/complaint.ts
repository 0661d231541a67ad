import type { Decider, Stored } from '#eventing/decider';
import { conflict, notFound, type PerennialError, refused } from '#eventing/errors';
import { sameFact } from '../same-fact.js';
import { toBeVoided } from '../voiding.js';
import { checkFields, classificationFields } from './complaint-fields.js';
import type {
  Classification,
  ComplaintCommand,
  ComplaintEvent,
  ComplaintVoidedData,
  ReclassifyComplaint,
} from './complaint-types.js';

export interface ComplaintState {
  /** `waiting`: for the customer, so that the company's clock stands still. */
  readonly status: 'none' | 'open' | 'waiting' | 'resolved' | 'closed' | 'voided';
  readonly classification: Partial<Classification>;
  readonly acknowledged: boolean;
  readonly disputed: boolean;
  readonly voided?: ComplaintVoidedData;
  /** All facts so far, by which a repeated one is recognised; a complaint has tens, not thousands. */
  readonly facts: readonly Stored<ComplaintEvent>[];
  readonly dates: Dates;
}

/** Business dates, in which the order of facts is judged: files often know no more than the day. */
interface Dates {
  readonly opened: string;
  /** Of the opening or the last reopening. */
  readonly since: string;
  /** Latest of the steps that somebody took to handle the complaint. */
  readonly lastStep: string;
  /** Earliest that the customer could dispute: an answer, a resolution or a closing. */
  readonly disputable?: string;
}

type Status = ComplaintState['status'];
type Kind = ComplaintEvent['type'];

const eventOf = {
  OpenComplaint: 'ComplaintOpened',
  AcknowledgeComplaint: 'ComplaintAcknowledged',
  AssignComplaint: 'ComplaintAssigned',
  SendComplaintOn: 'ComplaintSentOn',
  AwaitCustomer: 'ComplaintWaitingForCustomer',
  AnswerComplaint: 'ComplaintAnswered',
  DisputeComplaint: 'ComplaintDisputed',
  ReclassifyComplaint: 'ComplaintReclassified',
  GrantRedress: 'RedressGranted',
  ResolveComplaint: 'ComplaintResolved',
  ReopenComplaint: 'ComplaintReopened',
  CloseComplaint: 'ComplaintClosed',
  ReportSatisfaction: 'SatisfactionReported',
  VoidComplaint: 'ComplaintVoided',
} as const satisfies Record<ComplaintCommand['type'], Kind>;

const handled: readonly Status[] = ['open', 'waiting'];
const unfinished: readonly Status[] = ['open', 'waiting', 'resolved'];
const finished: readonly Status[] = ['resolved', 'closed'];

/** What is not listed can be said of a complaint in any state. */
const allowedIn: Partial<Record<ComplaintCommand['type'], readonly Status[]>> = {
  AcknowledgeComplaint: handled,
  AssignComplaint: handled,
  SendComplaintOn: handled,
  AwaitCustomer: handled,
  AnswerComplaint: unfinished,
  ReclassifyComplaint: unfinished,
  GrantRedress: unfinished,
  ResolveComplaint: handled,
  CloseComplaint: unfinished,
  ReopenComplaint: finished,
};

export const complaint: Decider<ComplaintState, ComplaintCommand, ComplaintEvent> = {
  initialState: {
    status: 'none',
    classification: {},
    acknowledged: false,
    disputed: false,
    facts: [],
    dates: { opened: '', since: '', lastStep: '' },
  },

  decide(command, state) {
    const { type, data, metadata } = command;
    checkFields(command);
    const event = { type: eventOf[type], data } as ComplaintEvent;
    if (alreadySo({ ...event, metadata }, state)) return [];
    if (command.type === 'OpenComplaint') {
      if (state.status !== 'none')
        throw conflict('complaint-exists', `Complaint ${data.complaintId} was opened with other content.`);
      return [event];
    }
    if (state.status === 'none')
      throw notFound('complaint-not-found', `There is no complaint ${data.complaintId}.`);
    demandPossibleTime(command, state);
    if (command.type === 'VoidComplaint')
      return toBeVoided(data.complaintId, command.data, state.voided) ? [event] : [];
    if (state.voided) throw refused('complaint-voided', 'The complaint was voided.');
    demandPossibleOrder(command, state);
    return [event];
  },

  evolve(state, event) {
    const kept = {
      ...state,
      facts: [...state.facts, event],
      dates: datesAfter(state.dates, event),
    };
    switch (event.type) {
      case 'ComplaintOpened':
        return { ...kept, status: 'open', classification: classificationOf(event.data) };
      case 'ComplaintAcknowledged':
        return { ...kept, acknowledged: true };
      case 'ComplaintAssigned':
      case 'ComplaintSentOn':
      case 'ComplaintAnswered':
        return state.status === 'waiting' ? { ...kept, status: 'open' } : kept;
      case 'ComplaintWaitingForCustomer':
        return { ...kept, status: 'waiting' };
      case 'ComplaintReclassified':
        return {
          ...kept,
          classification: { ...state.classification, ...classificationOf(event.data) },
        };
      case 'ComplaintResolved':
        return { ...kept, status: 'resolved' };
      case 'ComplaintClosed':
        return { ...kept, status: 'closed' };
      case 'ComplaintReopened':
        return { ...kept, status: 'open', acknowledged: false, disputed: false };
      case 'ComplaintVoided':
        return { ...kept, status: 'voided', voided: event.data };
      case 'ComplaintDisputed':
        return { ...kept, disputed: true };
      case 'RedressGranted':
      case 'SatisfactionReported':
        return kept;
      default:
        event satisfies never;
        return state;
    }
  },
};

/** The same fact at the same time, or a change to what is the case already. */
const alreadySo = (asked: Stored<ComplaintEvent>, state: ComplaintState): boolean =>
  state.facts.some(
    (fact) =>
      fact.type === asked.type &&
      fact.metadata.occurredAt === asked.metadata.occurredAt &&
      sameFact(fact.data, asked.data),
  ) ||
  (asked.type === 'ComplaintReclassified' && changesNothing(asked.data, state));

const changesNothing = (data: ReclassifyComplaint['data'], { status, classification }: ComplaintState) => {
  const asked = classificationOf(data);
  return (
    status !== 'none' && status !== 'voided' && sameFact({ ...classification, ...asked }, classification)
  );
};

const classificationOf = (data: Partial<Classification>): Partial<Classification> =>
  Object.fromEntries(
    classificationFields.filter((field) => data[field] !== undefined).map((field) => [field, data[field]]),
  );

type Step = Exclude<ComplaintCommand, { readonly type: 'OpenComplaint' }>;

const demandPossibleTime = ({ type, metadata: { businessDate } }: Step, { dates }: ComplaintState): void => {
  if (businessDate < dates.opened) throw tooEarly('before-opening', `was opened on ${dates.opened}`);
  if (type in allowedIn && businessDate < dates.since)
    throw tooEarly('before-reopening', `was reopened on ${dates.since}`);
  if (finishing.has(type) && businessDate < dates.lastStep)
    throw tooEarly('before-last-step', `was still being handled on ${dates.lastStep}`);
  if (type === 'DisputeComplaint' && dates.disputable !== undefined && businessDate < dates.disputable)
    throw tooEarly('before-answer', `was first answered on ${dates.disputable}`);
};

/** After these nobody handles the complaint any more; a reopening is itself after all that was before. */
const finishing: ReadonlySet<ComplaintCommand['type']> = new Set([
  'ResolveComplaint',
  'CloseComplaint',
  'ReopenComplaint',
]);

const tooEarly = (code: string, fact: string): PerennialError =>
  refused(code, `The complaint ${fact}.`, [
    { path: 'occurredAt', reason: `must not be earlier: the complaint ${fact}` },
  ]);

const demandPossibleOrder = (command: Step, state: ComplaintState): void => {
  if (allowedIn[command.type]?.includes(state.status) === false) throw outOfOrder(command, state.status);
  switch (command.type) {
    case 'AcknowledgeComplaint':
      if (state.acknowledged)
        throw refused('complaint-already-acknowledged', 'The complaint was acknowledged before.');
      return;
    case 'DisputeComplaint':
      if (state.disputed) throw refused('complaint-already-disputed', 'The complaint is disputed already.');
      if (state.dates.disputable === undefined)
        throw refused('complaint-not-answered', 'There is no answer yet that could be disputed.');
      return;
    case 'GrantRedress':
      demandNewRedress(command.data.redressId, state);
      return;
    default:
      return;
  }
};

const outOfOrder = ({ type }: Step, status: Status): PerennialError => {
  if (type === 'ReopenComplaint') return refused('complaint-open', 'The complaint is not closed.');
  return status === 'resolved'
    ? refused('complaint-resolved', 'The complaint is resolved; reopen it first.')
    : refused('complaint-closed', 'The complaint is closed; reopen it first.');
};

const demandNewRedress = (redressId: string, { facts }: ComplaintState): void => {
  if (facts.some((fact) => fact.type === 'RedressGranted' && fact.data.redressId === redressId))
    throw conflict('redress-exists', `Redress ${redressId} was granted with other content.`);
};

/** Of the steps in handling a complaint; what customers say of it meanwhile is none. */
const steps: ReadonlySet<Kind> = new Set<Kind>([
  'ComplaintOpened',
  'ComplaintAcknowledged',
  'ComplaintAssigned',
  'ComplaintSentOn',
  'ComplaintWaitingForCustomer',
  'ComplaintAnswered',
  'ComplaintReclassified',
  'RedressGranted',
  'ComplaintResolved',
  'ComplaintClosed',
  'ComplaintReopened',
]);
const disputableFrom: ReadonlySet<Kind> = new Set<Kind>([
  'ComplaintAnswered',
  'ComplaintResolved',
  'ComplaintClosed',
]);

const datesAfter = (dates: Dates, { type, metadata: { businessDate } }: Stored<ComplaintEvent>): Dates => {
  if (type === 'ComplaintOpened')
    return { opened: businessDate, since: businessDate, lastStep: businessDate };
  return {
    opened: dates.opened,
    since: type === 'ComplaintReopened' ? businessDate : dates.since,
    lastStep: steps.has(type) && businessDate > dates.lastStep ? businessDate : dates.lastStep,
    disputable:
      disputableFrom.has(type) && businessDate < (dates.disputable ?? '9999')
        ? businessDate
        : dates.disputable,
  };
};
