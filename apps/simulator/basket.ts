import type { Money } from '#crm/money';
import { ASSORTMENT, type Product } from './assortment.js';
import type { Chance } from './chance.js';

export const euros = (cents: number): Money => ({ amount: (cents / 100).toFixed(2), currency: 'EUR' });

export const TAX_RATE = 0.19;
const FREE_SHIPPING_FROM = 6000;
const SHIPPING = 490;
const MOST_LINES = 5;
const BY_PRICE = [...ASSORTMENT].sort((a, b) => a.price - b.price);
const CHEAPEST = BY_PRICE[0] as Product;

/** All amounts in cents. */
export interface Line {
  readonly product: Product;
  readonly quantity: number;
  /** With tax for people, without for companies; of one unit. */
  readonly unitPrice: number;
  readonly listPrice: number;
  readonly discount: number;
}

export interface Basket {
  readonly lines: readonly Line[];
  readonly taxIncluded: boolean;
  readonly tax: number;
  readonly shipping: number;
  /** On the whole order. */
  readonly discount: number;
  readonly total: number;
}

export interface BasketTerms {
  /** What the customer means to spend, in cents. */
  readonly worth: number;
  readonly sale: boolean;
  readonly shipped: boolean;
  /** Companies see prices without tax. */
  readonly company: boolean;
  /** Share taken off the order, by a voucher. */
  readonly voucher: number;
}

/** Fills a basket with things that come to about what the customer means to spend. */
export const fillBasket = (chance: Chance, terms: BasketTerms): Basket => {
  const lines: Line[] = [];
  let left = terms.worth;
  while (lines.length < MOST_LINES && (lines.length === 0 || left >= CHEAPEST.price)) {
    const line = chooseLine(chance, left, terms, lines);
    if (!line) break;
    lines.push(line);
    left -= amountOf(line);
  }
  return priced(lines, terms);
};

/** One of what may be had for the money, the dearer the rather. */
const chooseLine = (
  chance: Chance,
  left: number,
  { sale, company }: BasketTerms,
  chosen: readonly Line[],
): Line | undefined => {
  const dearest = Math.max(
    0,
    BY_PRICE.findLastIndex(({ price }) => price <= 1.1 * left),
  );
  const product = BY_PRICE[Math.max(chance.whole(0, dearest), chance.whole(0, dearest))] as Product;
  if (chosen.some((line) => line.product === product)) return undefined;
  const quantity = product.price < left / 4 && chance.happens(0.4) ? chance.whole(2, 3) : 1;
  return lineOf(product, quantity, sale && chance.happens(0.5) ? chance.pick([0.1, 0.2, 0.3]) : 0, company);
};

const lineOf = (product: Product, quantity: number, reduction: number, company: boolean): Line => {
  const listPrice = company ? Math.round(product.price / (1 + TAX_RATE)) : product.price;
  return {
    product,
    quantity,
    unitPrice: listPrice,
    listPrice,
    discount: Math.round(quantity * listPrice * reduction),
  };
};

/** Lines with what belongs to the whole order: it adds up to the cent. */
export const priced = (
  lines: readonly Line[],
  { company, shipped, voucher }: Pick<BasketTerms, 'company' | 'shipped' | 'voucher'>,
): Basket => {
  const goods = lines.reduce((sum, line) => sum + amountOf(line), 0);
  const discount = Math.round(goods * voucher);
  const shipping = shipped && goods - discount < FREE_SHIPPING_FROM ? SHIPPING : 0;
  const sum = goods - discount + shipping;
  const tax = Math.round(company ? sum * TAX_RATE : (sum * TAX_RATE) / (1 + TAX_RATE));
  return { lines, taxIncluded: !company, tax, shipping, discount, total: company ? sum + tax : sum };
};

/** A single thing at its price, or for nothing. */
export const singleItem = (product: Product, { free = false } = {}): Basket => {
  const unitPrice = free ? 0 : product.price;
  const line: Line = { product, quantity: 1, unitPrice, listPrice: product.price, discount: 0 };
  return priced([line], { company: false, shipped: false, voucher: 0 });
};

export const netOf = ({ total, tax }: Basket): number => total - tax;

export const amountOf = ({ quantity, unitPrice, discount }: Line): number => quantity * unitPrice - discount;

/** What is paid back for some units of a line; never more than its part of what was paid. */
export const refundOf = ({ taxIncluded, lines, discount }: Basket, line: Line, quantity: number): number => {
  const goods = lines.reduce((sum, each) => sum + amountOf(each), 0);
  const kept = goods > 0 ? 1 - discount / goods : 0;
  const paid = (amountOf(line) / line.quantity) * quantity * kept * (taxIncluded ? 1 : 1 + TAX_RATE);
  return Math.floor(paid);
};
