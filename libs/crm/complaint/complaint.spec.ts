import { describe, expect, it } from '@jest/globals';
import type { Stored } from '#eventing/decider';
import type { Sealed } from '#eventing/sealed';
import { specification } from '#test/support/decider-specification';
import { complaint } from './complaint.js';
import { complaintCommands } from './complaint-commands.js';
import type { ComplaintCommand, ComplaintEvent } from './complaint-types.js';

const given = specification(complaint);
const complaintId = 'c-1';
const EUR = (amount: string) => ({ amount, currency: 'EUR' });

/** Bare dates, as files have them. */
const on = (businessDate: string) => ({
  metadata: { businessDate, occurredAt: `${businessDate}T00:00:00.000Z` },
});

const opening = {
  complaintId,
  customerId: 'k-1',
  channel: 'web',
  category: 'delivery',
  product: 'bicycle',
  severity: 'high',
  source: 'unsolicited',
  description: 'sealed.1.k-1.1.fp.first' as Sealed,
  orderId: 'o-1',
  dueDate: '2024-05-20',
} as const;
const opened = { type: 'ComplaintOpened', data: opening, ...on('2024-05-01') } as const;
const acknowledged = { type: 'ComplaintAcknowledged', data: { complaintId }, ...on('2024-05-02') } as const;
const assigned = {
  type: 'ComplaintAssigned',
  data: { complaintId, unit: 'service' },
  ...on('2024-05-03'),
} as const;
const waiting = { type: 'ComplaintWaitingForCustomer', data: { complaintId }, ...on('2024-05-04') } as const;
const answered = {
  type: 'ComplaintAnswered',
  data: { complaintId, outcome: 'Closed with explanation', timely: true },
  ...on('2024-05-05'),
} as const;
const redress = {
  type: 'RedressGranted',
  data: { complaintId, redressId: 'r-1', kind: 'voucher', cost: EUR('10.00') },
  ...on('2024-05-06'),
} as const;
const disputed = { type: 'ComplaintDisputed', data: { complaintId }, ...on('2024-05-07') } as const;
const resolved = {
  type: 'ComplaintResolved',
  data: { complaintId, cause: 'carrier', responsibleUnit: 'logistics', handlingCost: EUR('4.20') },
  ...on('2024-05-08'),
} as const;
const closed = { type: 'ComplaintClosed', data: { complaintId }, ...on('2024-05-09') } as const;
const reopened = { type: 'ComplaintReopened', data: { complaintId }, ...on('2024-05-10') } as const;
const voided = {
  type: 'ComplaintVoided',
  data: { complaintId, reason: 'duplicate' },
  ...on('2024-05-11'),
} as const;

const commandFor = {
  ComplaintAcknowledged: 'AcknowledgeComplaint',
  ComplaintAssigned: 'AssignComplaint',
  ComplaintWaitingForCustomer: 'AwaitCustomer',
  ComplaintAnswered: 'AnswerComplaint',
  RedressGranted: 'GrantRedress',
  ComplaintDisputed: 'DisputeComplaint',
  ComplaintResolved: 'ResolveComplaint',
  ComplaintClosed: 'CloseComplaint',
  ComplaintReopened: 'ReopenComplaint',
  ComplaintVoided: 'VoidComplaint',
} as const;
type AnyStep = { readonly type: keyof typeof commandFor; readonly data: object; readonly metadata: object };

/** The command that asks for an event, on its date or another. */
const commandOf = (event: AnyStep, date?: string) =>
  ({ ...event, type: commandFor[event.type], ...(date && on(date)) }) as ComplaintCommand;
const factOf = ({ type, data }: { type: string; data: object }) => ({ type, data }) as ComplaintEvent;

describe('opening a complaint', () => {
  const open = { ...opened, type: 'OpenComplaint' } as const;

  it('keeps all that is known', () => {
    given([])
      .when(open)
      .then([factOf(opened)]);
  });
  it('takes one whose customer nobody knows', () => {
    const data = { complaintId, channel: 'Web', category: 'Disclosure' };
    given([])
      .when({ type: 'OpenComplaint', data })
      .then([{ type: 'ComplaintOpened', data }]);
  });
  it('is repeated by the same content, encrypted anew', () => {
    const description = 'sealed.1.k-1.1.fp.second' as Sealed;
    given([opened])
      .when({ ...open, data: { ...opening, description } })
      .thenNothing();
    given([opened, closed, voided]).when(open).thenNothing();
  });
  it('conflicts with other content, another customer or another time', () => {
    given([opened])
      .when({ ...open, data: { ...opening, category: 'price' } })
      .thenRefused('complaint-exists');
    given([opened])
      .when({ ...open, data: { ...opening, customerId: 'k-2' } })
      .thenRefused('complaint-exists');
    given([opened])
      .when({ ...open, ...on('2024-05-02') })
      .thenRefused('complaint-exists');
  });
});

describe('the fields of a complaint', () => {
  const opens = (data: object) =>
    given([]).when({ type: 'OpenComplaint', data: { ...opening, ...data } as never });

  it.each([
    ['category', { category: undefined }],
    ['category', { category: 'write to a@example.org' }],
    ['channel', { channel: undefined }],
    ['description', { description: 'in the clear' }],
    ['severity', { severity: 'terrible' }],
    ['source', { source: 'rumour' }],
    ['dueDate', { dueDate: '2024-02-30' }],
    ['dueDate', { dueDate: 'tomorrow' }],
    ['customerId', { customerId: 'a@example.org' }],
    ['attributes.shoeSize', { attributes: { shoeSize: '43' } }],
    ['attributes.postalArea', { attributes: { postalArea: '32219' } }],
  ])('name %s as wrong in %p', (path, data) => {
    opens(data).thenRefused('validation-failed', path);
  });
  it('hold the whole postal code of nobody known', () => {
    const data = {
      ...opening,
      customerId: undefined,
      attributes: { region: 'FL', postalArea: '32219' },
    };
    opens(data).then([{ type: 'ComplaintOpened', data }]);
  });
  it.each([
    [{ type: 'SendComplaintOn', data: { complaintId } }, 'to'],
    [{ type: 'AnswerComplaint', data: { complaintId } }, 'outcome'],
    [{ type: 'AnswerComplaint', data: { complaintId, outcome: 'x', response: 'clear' } }, 'response'],
    [{ type: 'DisputeComplaint', data: { complaintId, reason: 'Mr Smith shouted' } }, 'reason'],
    [{ type: 'GrantRedress', data: { complaintId, redressId: 'r', kind: 'smile' } }, 'kind'],
    [{ type: 'GrantRedress', data: { ...redress.data, cost: EUR('1.234') } }, 'cost.amount'],
    [{ type: 'ResolveComplaint', data: { complaintId, handlingCost: EUR('-1') } }, 'handlingCost.amount'],
    [{ type: 'ResolveComplaint', data: { complaintId, note: 'clear' } }, 'note'],
    [{ type: 'VoidComplaint', data: { complaintId } }, 'reason'],
  ])('are checked in %p', (command, path) => {
    given([opened])
      .when(command as never)
      .thenRefused('validation-failed', path);
  });
});

describe('handling a complaint', () => {
  it.each([acknowledged, assigned, waiting, answered, redress, resolved, closed, voided])(
    'takes $type on an open one',
    (event) =>
      given([opened])
        .when(commandOf(event))
        .then([factOf(event)]),
  );
  it.each([acknowledged, assigned, waiting, answered, redress, disputed, resolved, closed, reopened, voided])(
    'finds nothing to say $type of when it was never opened',
    (event) => given([]).when(commandOf(event)).thenRefused('complaint-not-found'),
  );
  it.each([acknowledged, assigned, waiting, answered, redress, resolved, closed, voided])(
    'takes $type a second time as a repetition',
    (event) => given([opened, event]).when(commandOf(event)).thenNothing(),
  );
  it.each([acknowledged, assigned, waiting, answered, redress, disputed, resolved, closed, voided])(
    'refuses $type on a day before the opening',
    (event) => given([opened, answered]).when(commandOf(event, '2024-04-30')).thenRefused('before-opening'),
  );
  it('sends it on', () => {
    const data = { complaintId, to: 'TransUnion' };
    given([opened])
      .when({ type: 'SendComplaintOn', data })
      .then([{ type: 'ComplaintSentOn', data }]);
  });
  it('recognises an early fact again after later ones', () => {
    given([opened, acknowledged, assigned, answered, closed]).when(commandOf(assigned)).thenNothing();
  });
  it('takes another assignment for another fact', () => {
    given([opened, assigned])
      .when(commandOf(assigned, '2024-05-04'))
      .then([factOf(assigned)]);
  });
  it('is acknowledged only once', () => {
    given([opened, acknowledged])
      .when(commandOf(acknowledged, '2024-05-04'))
      .thenRefused('complaint-already-acknowledged');
  });
  it('is assigned to somebody', () => {
    given([opened])
      .when({ type: 'AssignComplaint', data: { complaintId } })
      .thenRefused('validation-failed', 'unit');
  });
  it('goes on after waiting for the customer', () => {
    const statusAfter = (...events: readonly object[]) =>
      (events as Stored<ComplaintEvent>[]).reduce(complaint.evolve, complaint.initialState).status;
    expect(statusAfter(opened, waiting)).toBe('waiting');
    expect(statusAfter(opened, waiting, answered)).toBe('open');
    expect(statusAfter(opened, waiting, redress)).toBe('waiting');
  });
});

describe('answer and dispute', () => {
  it('keeps that a file does not say when it was answered', () => {
    const data = { complaintId, outcome: 'Untimely response', timely: false, dateKnown: false } as const;
    given([opened])
      .when({ type: 'AnswerComplaint', data })
      .then([{ type: 'ComplaintAnswered', data }]);
  });
  it('disputes an answer, also of a closed complaint', () => {
    given([opened, answered])
      .when(commandOf(disputed))
      .then([factOf(disputed)]);
    given([opened, answered, resolved, closed])
      .when(commandOf(disputed, '2024-05-10'))
      .then([factOf(disputed)]);
  });
  it('disputes a closing without an answer', () => {
    given([opened, closed])
      .when(commandOf(disputed, '2024-05-10'))
      .then([factOf(disputed)]);
  });
  it('disputes nothing before there is an answer', () => {
    given([opened, acknowledged]).when(commandOf(disputed)).thenRefused('complaint-not-answered');
    given([opened, answered])
      .when(commandOf(disputed, '2024-05-04'))
      .thenRefused('before-answer', 'occurredAt');
  });
  it('disputes once, and again after a reopening', () => {
    given([opened, answered, disputed])
      .when(commandOf(disputed, '2024-05-08'))
      .thenRefused('complaint-already-disputed');
    given([opened, answered, disputed, closed, reopened])
      .when(commandOf(disputed, '2024-05-12'))
      .then([factOf(disputed)]);
  });
});

describe('reclassification', () => {
  it('keeps only what changed', () => {
    const data = { complaintId, category: 'price', severity: 'low', reason: 'misread' } as const;
    given([opened])
      .when({ type: 'ReclassifyComplaint', data })
      .then([{ type: 'ComplaintReclassified', data }]);
  });
  it('is repeated by what is so already', () => {
    given([opened])
      .when({ type: 'ReclassifyComplaint', data: { complaintId, category: 'delivery' } })
      .thenNothing();
    given([opened, { type: 'ComplaintReclassified', data: { complaintId, category: 'price' } }])
      .when({ type: 'ReclassifyComplaint', data: { complaintId, category: 'price' }, ...on('2024-05-30') })
      .thenNothing();
  });
  it('changes something', () => {
    given([opened])
      .when({ type: 'ReclassifyComplaint', data: { complaintId, reason: 'bored' } })
      .thenRefused('validation-failed', 'category');
  });
  it('needs a complaint', () => {
    given([])
      .when({ type: 'ReclassifyComplaint', data: { complaintId, category: 'price' } })
      .thenRefused('complaint-not-found');
  });
});

describe('redress', () => {
  it('is granted several times', () => {
    const data = { ...redress.data, redressId: 'r-2' };
    given([opened, redress])
      .when({ type: 'GrantRedress', data, ...on('2024-05-06') })
      .then([{ type: 'RedressGranted', data }]);
  });
  it('conflicts with other redress of the same id', () => {
    given([opened, redress])
      .when({ type: 'GrantRedress', data: { ...redress.data, kind: 'refund' } })
      .thenRefused('redress-exists');
  });
});

describe('the end of a complaint', () => {
  it.each([acknowledged, assigned, waiting])('refuses $type on a resolved one', (event) =>
    given([opened, resolved]).when(commandOf(event, '2024-05-20')).thenRefused('complaint-resolved'),
  );
  it.each([answered, redress, closed])('takes $type on a resolved one', (event) =>
    given([opened, resolved])
      .when(commandOf(event, '2024-05-20'))
      .then([factOf(event)]),
  );
  it.each([acknowledged, assigned, waiting, answered, redress, resolved, closed])(
    'refuses $type on a closed one',
    (event) => given([opened, closed]).when(commandOf(event, '2024-05-20')).thenRefused('complaint-closed'),
  );
  it('refuses to reclassify or send on a closed one', () => {
    given([opened, closed])
      .when({ type: 'ReclassifyComplaint', data: { complaintId, category: 'x' }, ...on('2024-05-20') })
      .thenRefused('complaint-closed');
    given([opened, closed])
      .when({ type: 'SendComplaintOn', data: { complaintId, to: 'x' }, ...on('2024-05-20') })
      .thenRefused('complaint-closed');
  });
  it('is resolved and closed not before the last step of its handling', () => {
    given([opened, redress])
      .when(commandOf(resolved, '2024-05-05'))
      .thenRefused('before-last-step', 'occurredAt');
    given([opened, resolved]).when(commandOf(closed, '2024-05-07')).thenRefused('before-last-step');
  });
  it('is resolved once', () => {
    given([opened, resolved]).when(commandOf(resolved, '2024-05-20')).thenRefused('complaint-resolved');
  });
});

describe('reopening', () => {
  it.each([resolved, closed])('takes up again after $type', (event) =>
    given([opened, event])
      .when(commandOf(reopened))
      .then([factOf(reopened)]),
  );
  it('refuses to reopen what is open', () => {
    given([opened]).when(commandOf(reopened)).thenRefused('complaint-open');
    given([opened, waiting]).when(commandOf(reopened)).thenRefused('complaint-open');
    given([opened, closed, reopened]).when(commandOf(reopened, '2024-05-12')).thenRefused('complaint-open');
  });
  it('is not earlier than the closing', () => {
    given([opened, closed]).when(commandOf(reopened, '2024-05-08')).thenRefused('before-last-step');
  });
  it('allows what was done before, from then on', () => {
    given([opened, acknowledged, closed, reopened])
      .when(commandOf(acknowledged, '2024-05-10'))
      .then([factOf(acknowledged)]);
    given([opened, closed, reopened])
      .when(commandOf(answered, '2024-05-09'))
      .thenRefused('before-reopening', 'occurredAt');
  });
});

describe('satisfaction', () => {
  const report = (score: number) =>
    ({ type: 'ReportSatisfaction', data: { complaintId, score }, ...on('2024-05-20') }) as const;

  it.each([[[opened]], [[opened, resolved]], [[opened, closed]]])('is reported at any time', (events) =>
    given(events)
      .when(report(4))
      .then([{ type: 'SatisfactionReported', data: { complaintId, score: 4 } }]),
  );
  it.each([0, 6, 2.5, Number.NaN])('goes from 1 to 5, so that %p is refused', (score) =>
    given([opened]).when(report(score)).thenRefused('validation-failed', 'score'),
  );
});

describe('voiding', () => {
  it('voids in any state', () => {
    given([opened, closed])
      .when(commandOf(voided))
      .then([factOf(voided)]);
  });
  it.each([acknowledged, answered, reopened, disputed])('refuses $type afterwards', (event) =>
    given([opened, voided]).when(commandOf(event, '2024-05-20')).thenRefused('complaint-voided'),
  );
  it('is not replaced by itself', () => {
    given([opened])
      .when({ type: 'VoidComplaint', data: { complaintId, reason: 'x', replacedBy: complaintId } })
      .thenRefused('validation-failed', 'replacedBy');
  });
});

describe('the command types', () => {
  it('find stream and customer', () => {
    const [open, acknowledge] = complaintCommands;
    expect(open?.stream(opening)).toBe('complaint-c-1');
    expect(open?.customer(opening)).toBe('k-1');
    expect(open?.customer({ complaintId, channel: 'web', category: 'x' })).toBeNull();
    expect(acknowledge?.customer({ complaintId })).toBeUndefined();
  });
  it('name every command once', () => {
    expect(new Set(complaintCommands.map(({ type }) => type)).size).toBe(14);
  });
});
