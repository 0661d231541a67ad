import { asMoney, collect } from './fields.js';
import { perRow } from './importer.js';
import { asNumber } from './mapping.js';

const FIELDS = [
  'interactionId',
  'customerId',
  'visitorId',
  'occurredAt',
  'channel',
  'direction',
  'kind',
  'contactReason',
  'orderId',
  'complaintId',
  'campaignId',
  'threadId',
  'durationSeconds',
  'cost',
  'agent.kind',
  'agent.id',
  'sentiment',
  'text',
];

export const interactions = perRow(
  [...FIELDS, 'currency'],
  ['occurredAt', 'interactionId'],
  (row, context) => [
    {
      type: 'RecordInteraction',
      data: collect(row, context, FIELDS, (field, value, read) => {
        if (field === 'durationSeconds') return asNumber(value);
        if (field === 'cost') return asMoney(value, read('currency'));
        return value;
      }),
    },
  ],
);
