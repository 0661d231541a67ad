import { FieldChecks } from '../field-checks.js';
import { checkMoney } from '../money.js';
import { severities } from '../vocabulary.js';
import {
  type Classification,
  type ComplaintCommand,
  type ComplaintOpenedData,
  complaintAttributes,
  complaintSources,
  redressKinds,
} from './complaint-types.js';

export const classificationFields = [
  'category',
  'subcategory',
  'product',
  'subproduct',
  'severity',
  'orderId',
  'sku',
  'serviceFailureId',
  'dueDate',
] as const satisfies readonly (keyof Classification)[];

type FieldsOf = {
  readonly [C in ComplaintCommand as C['type']]: (checks: FieldChecks, data: C['data']) => void;
};

/** Voiding is checked by what all voidings share. */
const fieldsOf: Omit<FieldsOf, 'VoidComplaint'> = {
  OpenComplaint(checks, data) {
    checks.present('channel', data.channel);
    checks.present('category', data.category);
    checks.id('customerId', data.customerId);
    checks.code('channel', data.channel);
    checks.oneOf('source', data.source, complaintSources);
    checks.id('interactionId', data.interactionId);
    checks.sealed('description', data.description);
    checkClassification(checks, data);
    checkAttributes(checks, data);
  },
  AcknowledgeComplaint(checks, data) {
    checks.code('channel', data.channel);
    checks.sealed('note', data.note);
  },
  AssignComplaint(checks, data) {
    if (data.assignee === undefined) checks.present('unit', data.unit);
    checks.code('unit', data.unit);
    checks.id('assignee', data.assignee);
    checks.sealed('note', data.note);
  },
  SendComplaintOn(checks, data) {
    checks.present('to', data.to);
    checks.label('to', data.to);
    checks.sealed('note', data.note);
  },
  AwaitCustomer(checks, data) {
    checks.reason('reason', data.reason);
    checks.sealed('note', data.note);
  },
  AnswerComplaint(checks, data) {
    checks.present('outcome', data.outcome);
    checks.label('outcome', data.outcome);
    checks.code('channel', data.channel);
    checks.sealed('response', data.response);
  },
  DisputeComplaint(checks, data) {
    checks.reason('reason', data.reason);
    checks.sealed('note', data.note);
  },
  ReclassifyComplaint(checks, data) {
    if (classificationFields.every((field) => data[field] === undefined))
      checks.fail('category', 'must be given, or another field that changes');
    checkClassification(checks, data);
    checks.reason('reason', data.reason);
  },
  GrantRedress(checks, data) {
    checks.present('redressId', data.redressId);
    checks.present('kind', data.kind);
    checks.id('redressId', data.redressId);
    checks.oneOf('kind', data.kind, redressKinds);
    checkMoney(checks, 'cost', data.cost);
    checks.sealed('note', data.note);
  },
  ResolveComplaint(checks, data) {
    checks.label('cause', data.cause);
    checks.code('responsibleUnit', data.responsibleUnit);
    checks.label('correctiveAction', data.correctiveAction);
    checkMoney(checks, 'handlingCost', data.handlingCost);
    checks.sealed('note', data.note);
  },
  ReopenComplaint(checks, data) {
    checks.reason('reason', data.reason);
    checks.sealed('note', data.note);
  },
  CloseComplaint(checks, data) {
    checks.reason('reason', data.reason);
    checks.sealed('note', data.note);
  },
  ReportSatisfaction(checks, data) {
    if (!Number.isInteger(data.score) || data.score < 1 || data.score > 5)
      checks.fail('score', 'must be 1, 2, 3, 4 or 5');
    checks.code('channel', data.channel);
    checks.sealed('note', data.note);
  },
};

/** @throws PerennialError `validation-failed` */
export const checkFields = (command: ComplaintCommand): void => {
  const checks = new FieldChecks();
  checks.present('complaintId', command.data.complaintId);
  checks.id('complaintId', command.data.complaintId);
  if (command.type !== 'VoidComplaint') {
    const check = fieldsOf[command.type] as (checks: FieldChecks, data: unknown) => void;
    check(checks, command.data);
  }
  checks.done();
};

const checkClassification = (checks: FieldChecks, data: Partial<Classification>): void => {
  checks.label('category', data.category);
  checks.label('subcategory', data.subcategory);
  checks.label('product', data.product);
  checks.label('subproduct', data.subproduct);
  checks.oneOf('severity', data.severity, severities);
  checks.id('orderId', data.orderId);
  checks.id('sku', data.sku);
  checks.id('serviceFailureId', data.serviceFailureId);
  if (data.dueDate !== undefined && !isDate(data.dueDate))
    checks.fail('dueDate', 'must be a date of the calendar: 2024-05-20');
};

const checkAttributes = (
  checks: FieldChecks,
  { attributes = {}, customerId }: Pick<ComplaintOpenedData, 'attributes' | 'customerId'>,
): void => {
  for (const [name, value] of Object.entries(attributes)) {
    checks.oneOf(`attributes.${name}`, name, complaintAttributes);
    checks.code(`attributes.${name}`, value);
  }
  const { postalArea } = attributes;
  const longest = customerId === undefined ? 10 : 4;
  if (postalArea !== undefined && postalArea.length > longest)
    checks.fail('attributes.postalArea', `must have at most ${longest} characters: it stays in the clear`);
};

const isDate = (value: string): boolean => {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(value)) return false;
  const day = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(value);
};
