import { GEAR_CARE } from './assortment.js';
import { singleItem } from './basket.js';
import { DAY } from './calendar.js';
import type { Life } from './life.js';
import { record } from './shopping.js';

const TAKEN = 0.09;
const TRIED_FIRST = 0.6;
const KEPT_AFTER_TRIAL = 0.55;
const RENEWED = 0.8;

/** Some take the service contract: on trial, then for a year, then for another. */
export const perhapsContract = (life: Life): void => {
  const { chance, calendar, registeredAt } = life;
  if (registeredAt === undefined || life.orders.length === 0 || !chance.happens(TAKEN)) return;
  let at = chance.pick(life.orders).at + 2 * DAY;
  if (at < registeredAt) return;
  const contractId = life.newId('V');
  if (chance.happens(TRIED_FIRST)) {
    if (at >= life.closedAt) return;
    record(life, at, 'web', singleItem(GEAR_CARE, { free: true }), { kind: 'trial', contractId });
    if (!chance.happens(KEPT_AFTER_TRIAL)) return;
    at += 30 * DAY;
  }
  for (let year = 1; at < Math.min(calendar.end, life.lostAt, life.closedAt); year++, at += 365 * DAY) {
    record(life, at, 'web', singleItem(GEAR_CARE), { kind: year === 1 ? 'sale' : 'renewal', contractId });
    if (!chance.happens(RENEWED)) return;
  }
};
