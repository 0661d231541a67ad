import { Decimal } from 'decimal.js';
import { v5 } from 'uuid';
import { asMoney, type Fields, fieldsOf } from './fields.js';
import type { ImportContext, ImportedFact, Importer, NumberedRow, RefusedFact } from './importer.js';
import { cell, put } from './mapping.js';

const ORDER_FIELDS = ['orderId', 'customerId', 'occurredAt', 'kind', 'contractId', 'channel', 'campaignId'];
const ORDER_AMOUNTS = ['total', 'tax', 'shipping', 'discount', 'cost'];
const LINE_FIELDS = ['lineId', 'sku', 'category', 'kind', 'quantity', 'offerId'];
const LINE_AMOUNTS = ['unitPrice', 'listPrice', 'unitCost', 'discount'];
const inLine = (field: string) => `line.${field}`;

/** Our own name space for ids of purchases that came without one. */
const ORDERS = '2a9d5f0c-8f63-5a39-b6e7-0c1d4f5e6a7b';

/**
 * Rows of one order id are the lines of one purchase; without an order id each row is a purchase, named after
 * customer, date, amount and its count among equals: two equal ones on a day are two, and a second import adds none.
 */
export const purchases: Importer = {
  fields: [...ORDER_FIELDS, ...ORDER_AMOUNTS, ...[...LINE_FIELDS, ...LINE_AMOUNTS].map(inLine), 'currency'],
  required: ['occurredAt'],
  facts: (rows, context) => (context.mapping.has('orderId') ? byOrder(rows, context) : byRow(rows, context)),
};

async function* byRow(
  rows: AsyncIterable<NumberedRow>,
  context: ImportContext,
): AsyncGenerator<ImportedFact | RefusedFact> {
  const seen = new Map<string, number>();
  for await (const { line, row } of rows) {
    const { problem, order } = purchase([{ line, row }], context);
    if (problem) {
      yield { lines: [line], code: 'import-mapping', reason: problem };
      continue;
    }
    const total = order.total as { amount: string; currency: string };
    const alike = JSON.stringify([order.customerId ?? '', order.occurredAt, total.amount, total.currency]);
    const count = (seen.get(alike) ?? 0) + 1;
    seen.set(alike, count);
    const orderId = `import-${v5(`${alike}\n${count}`, ORDERS)}`;
    yield { lines: [line], commands: [{ type: 'RecordPurchase', data: { orderId, ...order } }] };
  }
}

/** Rows of one order may stand anywhere in the file, so all are read before the first purchase is sent. */
async function* byOrder(
  rows: AsyncIterable<NumberedRow>,
  context: ImportContext,
): AsyncGenerator<ImportedFact | RefusedFact> {
  const orders = new Map<string, NumberedRow[]>();
  for await (const numbered of rows) {
    const orderId = cell(numbered.row, context.mapping, 'orderId');
    if (orderId === undefined)
      yield { lines: [numbered.line], code: 'import-mapping', reason: 'orderId is empty' };
    else if (orders.has(orderId)) orders.get(orderId)?.push(numbered);
    else orders.set(orderId, [numbered]);
  }
  for (const group of orders.values()) {
    const lines = group.map(({ line }) => line);
    const { problem, order } = purchase(group, context);
    if (problem) yield { lines, code: 'import-mapping', reason: problem };
    else yield { lines, commands: [{ type: 'RecordPurchase', data: order }] };
  }
}

const purchase = (
  group: readonly NumberedRow[],
  context: ImportContext,
): { order: Fields; problem?: string } => {
  const order: Fields = {};
  const rows = group.map(({ row }) => fieldsOf(row, context));
  for (const field of [...ORDER_FIELDS, ...ORDER_AMOUNTS]) {
    const values = new Set(rows.map((read) => read(field)).filter((value) => value !== undefined));
    if (values.size > 1)
      return { order, problem: `rows of one order differ in ${field}: ${[...values].join(', ')}` };
    const [value] = values;
    put(order, field, ORDER_AMOUNTS.includes(field) ? asMoney(value, rows[0]?.('currency')) : value);
  }
  const lines = rows.map(line).filter((fields) => Object.keys(fields).length > 0);
  if (lines.length > 0) order.lines = lines;
  order.total ??= totalOf(order, rows[0]?.('currency'));
  if (order.total === undefined) return { order, problem: 'neither total nor line.unitPrice is given' };
  return { order };
};

const line = (read: (field: string) => string | undefined): Fields => {
  const fields: Fields = {};
  for (const field of LINE_FIELDS) put(fields, field, read(inLine(field)));
  for (const field of LINE_AMOUNTS) put(fields, field, asMoney(read(inLine(field)), read('currency')));
  if (Object.keys(fields).length > 0) fields.quantity ??= '1';
  return fields;
};

/** What the lines, tax, shipping and discount of an order add up to, where the file gives no total. */
const totalOf = (order: Fields, currency: string | undefined) => {
  const lines = (order.lines ?? []) as readonly Fields[];
  const amount = (fields: Fields, field: string) =>
    new Decimal((fields[field] as { amount: string } | undefined)?.amount ?? 0);
  try {
    if (lines.length === 0 || lines.some(({ unitPrice }) => unitPrice === undefined)) return undefined;
    const sum = lines.reduce(
      (total, fields) =>
        total
          .plus(amount(fields, 'unitPrice').times(String(fields.quantity)))
          .minus(amount(fields, 'discount')),
      amount(order, 'tax').plus(amount(order, 'shipping')).minus(amount(order, 'discount')),
    );
    return asMoney(sum.toFixed(2), currency);
  } catch {
    return undefined; // an amount that is no number; the reason is that no total can be given
  }
};
