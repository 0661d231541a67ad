import { streamName } from '#eventing/stream-name';
import type { CommandType } from '../command-type.js';
import { type ComplaintState, complaint } from './complaint.js';
import type { ComplaintCommand, ComplaintEvent } from './complaint-types.js';

type ComplaintCommandType = CommandType<ComplaintState, ComplaintCommand, ComplaintEvent>;

const commandType = (
  type: ComplaintCommand['type'],
  personal: readonly string[],
  more: Partial<ComplaintCommandType> = {},
): ComplaintCommandType => ({
  type,
  decider: complaint,
  stream: (data) => streamName('complaint', data.complaintId),
  customer: () => undefined,
  personal,
  ...more,
});

export const complaintCommands: readonly ComplaintCommandType[] = [
  commandType('OpenComplaint', ['description'], {
    customer: (data) => ('customerId' in data && data.customerId) || null,
    idField: 'complaintId',
  }),
  commandType('AcknowledgeComplaint', ['note']),
  commandType('AssignComplaint', ['note']),
  commandType('SendComplaintOn', ['note']),
  commandType('AwaitCustomer', ['note']),
  commandType('AnswerComplaint', ['response']),
  commandType('DisputeComplaint', ['note']),
  commandType('ReclassifyComplaint', []),
  commandType('GrantRedress', ['note'], { idField: 'redressId' }),
  commandType('ResolveComplaint', ['note']),
  commandType('ReopenComplaint', ['note']),
  commandType('CloseComplaint', ['note']),
  commandType('ReportSatisfaction', ['note']),
  commandType('VoidComplaint', ['note']),
];
