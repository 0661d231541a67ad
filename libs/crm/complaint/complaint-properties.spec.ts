import { describe, it } from '@jest/globals';
import fc from 'fast-check';
import { decidesOrRefuses, foldsWhateverComes } from '#test/support/decider-properties';
import { complaint } from './complaint.js';
import type { ComplaintCommand, ComplaintEvent } from './complaint-types.js';

const word = fc.constantFrom('a', 'b');
const perhaps = <T>(some: fc.Arbitrary<T>) => fc.option(some, { nil: undefined });
const data = fc.record({
  complaintId: fc.constant('c-1'),
  customerId: perhaps(word),
  channel: word,
  category: perhaps(word),
  severity: perhaps(fc.constantFrom('low', 'high')),
  unit: perhaps(word),
  to: word,
  outcome: word,
  redressId: word,
  kind: fc.constantFrom('voucher', 'refund'),
  score: fc.integer({ min: 0, max: 6 }),
  reason: word,
  replacedBy: perhaps(fc.constantFrom('c-1', 'c-2')),
});

describe('a complaint, whatever comes', () => {
  it('is decided or refused', () => {
    const type = fc.constantFrom<ComplaintCommand['type']>(
      'OpenComplaint',
      'AcknowledgeComplaint',
      'AssignComplaint',
      'SendComplaintOn',
      'AwaitCustomer',
      'AnswerComplaint',
      'DisputeComplaint',
      'ReclassifyComplaint',
      'GrantRedress',
      'ResolveComplaint',
      'ReopenComplaint',
      'CloseComplaint',
      'ReportSatisfaction',
      'VoidComplaint',
    );
    const opening = data.map((fields) => ({ type: 'OpenComplaint' as const, data: fields }));
    decidesOrRefuses(complaint, fc.oneof(opening, fc.record({ type, data })));
  });

  it('folds', () => {
    const type = fc.constantFrom<ComplaintEvent['type']>(
      'ComplaintOpened',
      'ComplaintAcknowledged',
      'ComplaintAssigned',
      'ComplaintSentOn',
      'ComplaintWaitingForCustomer',
      'ComplaintAnswered',
      'ComplaintDisputed',
      'ComplaintReclassified',
      'RedressGranted',
      'ComplaintResolved',
      'ComplaintReopened',
      'ComplaintClosed',
      'SatisfactionReported',
      'ComplaintVoided',
    );
    foldsWhateverComes(complaint, fc.record({ type, data }));
  });
});
