import type { Decider, Stored } from '#eventing/decider';
import { conflict, notFound, refused } from '#eventing/errors';
import { FieldChecks } from '../field-checks.js';
import { checkMoney } from '../money.js';
import { sameFact } from '../same-fact.js';
import { toBeVoided } from '../voiding.js';
import {
  type Purchase,
  type PurchaseCommand,
  type PurchaseEvent,
  type PurchaseVoiding,
  purchaseKinds,
  type RecordPurchase,
  type RecordReturn,
  type Return,
  type ReturnVoiding,
  type VoidPurchase,
  type VoidReturn,
} from './purchase-types.js';
import {
  checkNotMoreThanBought,
  checkReturn,
  resolved,
  returnOfTheRest,
  returnWithoutOrder,
} from './returns.js';
import { checkLines, checkTotal, withLineIds } from './totals.js';

// ---- state

interface KeptReturn {
  readonly facts: Return;
  readonly occurredAt: string;
  readonly voided?: ReturnVoiding;
}

/** Of a purchase's stream, or of a return without an order, which has a stream of its own and no purchase. */
export interface PurchaseState {
  readonly purchase?: Purchase;
  readonly occurredAt?: string;
  readonly businessDate?: string;
  readonly voided?: PurchaseVoiding;
  readonly returns: readonly KeptReturn[];
}

const initialState: PurchaseState = { returns: [] };

const standingReturns = (state: PurchaseState): readonly Return[] =>
  state.returns.flatMap(({ facts, voided }) => (voided ? [] : [facts]));

// ---- decide

const decide = (command: PurchaseCommand, state: PurchaseState): readonly PurchaseEvent[] => {
  switch (command.type) {
    case 'RecordPurchase':
      return recordPurchase(command, state);
    case 'VoidPurchase':
      return voidPurchase(command, state);
    case 'RecordReturn':
      return command.data.orderId === undefined
        ? recordReturnWithoutOrder(command, state)
        : recordReturn(command, state);
    case 'VoidReturn':
      return voidReturn(command, state);
    default:
      return command satisfies never;
  }
};

const recordPurchase = (
  { data, metadata }: RecordPurchase,
  state: PurchaseState,
): readonly PurchaseEvent[] => {
  const purchase = withLineIds(data);
  checkPurchase(purchase);
  if (state.purchase === undefined) return [{ type: 'PurchaseRecorded', data: purchase }];
  if (state.occurredAt === metadata.occurredAt && sameFact(state.purchase, purchase)) return [];
  throw conflict(
    'purchase-exists',
    `Purchase ${data.orderId} was recorded before with other content; void it and record a new one.`,
  );
};

const checkPurchase = (purchase: Purchase): void => {
  const { currency } = purchase.total ?? {};
  const checks = new FieldChecks();
  checks.present('orderId', purchase.orderId);
  checks.id('orderId', purchase.orderId);
  checks.id('customerId', purchase.customerId);
  checks.id('campaignId', purchase.campaignId);
  checks.id('contractId', purchase.contractId);
  checks.code('channel', purchase.channel);
  checks.oneOf('kind', purchase.kind, purchaseKinds);
  checks.present('total', purchase.total);
  checkMoney(checks, 'total', purchase.total);
  checkMoney(checks, 'tax', purchase.tax, currency);
  checkMoney(checks, 'shipping', purchase.shipping, currency);
  checkMoney(checks, 'discount', purchase.discount, currency);
  checkMoney(checks, 'cost', purchase.cost, currency);
  if (purchase.lines !== undefined) checkLines(checks, purchase.lines, currency);
  checks.done();
  if (purchase.lines === undefined && purchase.tax === undefined) return;
  checkTotal(checks, purchase);
  checks.done();
};

const voidPurchase = ({ data }: VoidPurchase, state: PurchaseState): readonly PurchaseEvent[] => {
  if (state.purchase === undefined) throw unknownPurchase(data.orderId);
  if (!toBeVoided(data.orderId, data, state.voided)) return [];
  if (standingReturns(state).length > 0)
    throw refused('purchase-has-returns', `Void the returns of ${data.orderId} first.`);
  return [{ type: 'PurchaseVoided', data }];
};

const recordReturn = ({ data, metadata }: RecordReturn, state: PurchaseState): readonly PurchaseEvent[] => {
  const { purchase } = state;
  if (purchase === undefined) throw unknownPurchase(data.orderId ?? '');
  checkReturn(data, purchase.total.currency);
  const known = state.returns.find(({ facts }) => facts.returnId === data.returnId);
  const asked = resolved(data, purchase);
  if (known) {
    const { whole, ...facts } = known.facts;
    const { refund: _refund, lines: _lines, ...rest } = facts;
    const same = asked ? sameFact(facts, asked) : whole === true && sameFact(rest, data);
    return repeatedReturn(data.returnId, same && known.occurredAt === metadata.occurredAt);
  }
  if (state.voided) throw refused('purchase-voided', `Purchase ${purchase.orderId} was voided.`);
  if (state.businessDate !== undefined && metadata.businessDate < state.businessDate)
    throw refused('return-before-purchase', `The purchase was made later, on ${state.businessDate}.`);
  const earlier = standingReturns(state);
  const facts = asked ?? returnOfTheRest(data, purchase, earlier);
  checkNotMoreThanBought(purchase, earlier, facts);
  return [{ type: 'ReturnRecorded', data: facts }];
};

const recordReturnWithoutOrder = (
  { data, metadata }: RecordReturn,
  state: PurchaseState,
): readonly PurchaseEvent[] => {
  checkReturn(data);
  const facts = returnWithoutOrder(data);
  const [known] = state.returns;
  if (known)
    return repeatedReturn(
      data.returnId,
      known.occurredAt === metadata.occurredAt && sameFact(known.facts, facts),
    );
  return [{ type: 'ReturnRecorded', data: facts }];
};

const repeatedReturn = (returnId: string, same: boolean): readonly PurchaseEvent[] => {
  if (same) return [];
  throw conflict(
    'return-exists',
    `Return ${returnId} was recorded before with other content; void it and record a new one.`,
  );
};

const voidReturn = ({ data }: VoidReturn, state: PurchaseState): readonly PurchaseEvent[] => {
  const known = state.returns.find(({ facts }) => facts.returnId === data.returnId);
  if (known === undefined) throw notFound('return-unknown', `No return ${data.returnId} is recorded.`);
  return toBeVoided(data.returnId, data, known.voided) ? [{ type: 'ReturnVoided', data }] : [];
};

const unknownPurchase = (orderId: string) =>
  notFound('purchase-unknown', `No purchase ${orderId} is recorded.`);

// ---- evolve

const evolve = (state: PurchaseState, event: Stored<PurchaseEvent>): PurchaseState => {
  switch (event.type) {
    case 'PurchaseRecorded': {
      const { occurredAt, businessDate } = event.metadata;
      return { ...state, purchase: event.data, occurredAt, businessDate };
    }
    case 'PurchaseVoided':
      return { ...state, voided: event.data };
    case 'ReturnRecorded': {
      const { occurredAt } = event.metadata;
      return { ...state, returns: [...state.returns, { facts: event.data, occurredAt }] };
    }
    case 'ReturnVoided': {
      const { data } = event;
      return {
        ...state,
        returns: state.returns.map((known) =>
          known.facts.returnId === data.returnId ? { ...known, voided: data } : known,
        ),
      };
    }
    default:
      event satisfies never;
      return state;
  }
};

export const purchase: Decider<PurchaseState, PurchaseCommand, PurchaseEvent> = {
  initialState,
  decide,
  evolve,
};
