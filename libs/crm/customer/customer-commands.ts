import { streamName } from '#eventing/stream-name';
import type { CommandType } from '../command-type.js';
import { customer } from './customer.js';
import type { CustomerState } from './customer-state.js';
import { addressFields, type CustomerCommand, type CustomerEvent } from './customer-types.js';

type CustomerCommandType = CommandType<CustomerState, CustomerCommand, CustomerEvent>;

/** On the stream of the customer whom the command names. */
const commandType = (
  type: CustomerCommand['type'],
  personal: readonly string[] = [],
  more: Partial<CustomerCommandType> = {},
): CustomerCommandType => ({
  type,
  decider: customer,
  stream: ({ customerId }) => streamName('customer', customerId),
  customer: ({ customerId }) => customerId,
  personal,
  ...more,
});

const survivorOf = (data: CustomerCommand['data']): string => ('into' in data ? data.into : data.customerId);

/** On the stream of the survivor, where a merge and its undoing begin. */
const onSurvivor: Partial<CustomerCommandType> = {
  stream: (data) => streamName('customer', survivorOf(data)),
  customer: survivorOf,
  barrier: true,
};

const PERSONAL = ['name', 'email', 'phone', 'notes', ...addressFields.map((field) => `address.${field}`)];

export const customerCommands: readonly CustomerCommandType[] = [
  commandType('RegisterCustomer', PERSONAL, { idField: 'customerId' }),
  commandType('ChangeCustomerDetails', PERSONAL),
  commandType('TagCustomer'),
  commandType('UntagCustomer'),
  commandType('CloseCustomer', ['note']),
  commandType('EraseCustomer', [], { barrier: true, filledByServer: ['survivor'] }),
  commandType('MergeCustomer', [], onSurvivor),
  commandType('UndoCustomerMerge', [], onSurvivor),
  commandType('AcceptMerge', [], { internal: true }),
  commandType('CompleteMerge', [], { internal: true }),
  commandType('ReleaseMerge', [], { internal: true }),
  commandType('AcceptMergeUndo', [], { internal: true }),
  commandType('CompleteMergeUndo', [], { internal: true }),
];
