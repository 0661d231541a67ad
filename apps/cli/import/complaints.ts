import { collect, fieldsOf } from './fields.js';
import { type ImportedFact, perRow } from './importer.js';
import { asBoolean } from './mapping.js';

const OPENING = [
  'complaintId',
  'customerId',
  'occurredAt',
  'channel',
  'category',
  'subcategory',
  'product',
  'subproduct',
  'severity',
  'source',
  'description',
  'orderId',
  'sku',
  'serviceFailureId',
  'interactionId',
  'dueDate',
  'attributes.*',
];

/** What became of it: each gives a command of its own, where its column is filled. */
const COURSE = ['sentAt', 'sentTo', 'answeredAt', 'outcome', 'timely', 'disputed'];

/**
 * One row tells a complaint from its opening to the dispute. A file that says that it was answered or disputed but
 * not when gives these events the earliest possible day, marked as not known.
 */
export const complaints = perRow(
  [...OPENING, ...COURSE],
  ['complaintId', 'occurredAt', 'category'],
  (row, context) => {
    const read = fieldsOf(row, context);
    const complaintId = read('complaintId');
    const opened = read('occurredAt');
    const commands: ImportedFact['commands'][number][] = [
      { type: 'OpenComplaint', data: collect(row, context, OPENING) },
    ];
    const sentAt = read('sentAt');
    if (sentAt)
      commands.push({
        type: 'SendComplaintOn',
        data: { complaintId, occurredAt: sentAt, to: read('sentTo') ?? 'company' },
      });
    const outcome = read('outcome');
    const answeredAt = read('answeredAt');
    const earliest = sentAt ?? opened;
    if (outcome)
      commands.push({
        type: 'AnswerComplaint',
        data: {
          complaintId,
          occurredAt: answeredAt ?? earliest,
          ...(answeredAt ? {} : { dateKnown: false }),
          outcome,
          timely: asBoolean(read('timely')),
        },
      });
    if (asBoolean(read('disputed')) === true)
      commands.push({
        type: 'DisputeComplaint',
        data: { complaintId, occurredAt: answeredAt ?? earliest, dateKnown: false },
      });
    return commands;
  },
);
