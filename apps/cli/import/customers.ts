import { attributeFromText } from '#crm/customer/attributes';
import { collect } from './fields.js';
import { perRow } from './importer.js';

const FIELDS = [
  'customerId',
  'occurredAt',
  'kind',
  'stage',
  'name',
  'email',
  'phone',
  'address.street',
  'address.extra',
  'address.postalCode',
  'address.city',
  'address.region',
  'address.country',
  'notes',
  'source.channel',
  'source.campaignId',
  'source.referredBy',
  'attributes.*',
];

const ATTRIBUTES = 'attributes.';

export const customers = perRow(FIELDS, ['customerId', 'name'], (row, context) => [
  {
    type: 'RegisterCustomer',
    data: collect(row, context, FIELDS, (field, value) =>
      field.startsWith(ATTRIBUTES) ? attributeFromText(field.slice(ATTRIBUTES.length), value) : value,
    ),
  },
]);
