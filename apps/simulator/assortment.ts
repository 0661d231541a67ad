import type { LineKind } from '#crm/purchase/purchase-types';

export interface Product {
  readonly sku: string;
  readonly name: string;
  readonly category: string;
  readonly kind: LineKind;
  /** With tax, in cents. */
  readonly price: number;
  /** What it costs the shop, in cents. */
  readonly cost: number;
}

/** Price in euros with tax, share of it that the shop pays. */
type Row = readonly [sku: string, name: string, euros: number, costShare: number];

const shelf = (category: string, kind: LineKind, rows: readonly Row[]): Product[] =>
  rows.map(([sku, name, euros, costShare]) => {
    const price = Math.round(euros * 100);
    return { sku, name, category, kind, price, cost: Math.round(price * costShare) };
  });

export const ASSORTMENT: readonly Product[] = [
  ...shelf('Tents', 'product', [
    ['TENT-1P', 'Solo tent', 189, 0.48],
    ['TENT-2P', 'Tent for two', 279, 0.48],
    ['TENT-4P', 'Family tent', 449, 0.5],
    ['TARP-3X3', 'Tarp', 79, 0.42],
    ['PEGS-10', 'Ten tent pegs', 12.9, 0.35],
  ]),
  ...shelf('Sleeping', 'product', [
    ['BAG-SUMMER', 'Summer sleeping bag', 89, 0.45],
    ['BAG-3S', 'Three-season sleeping bag', 179, 0.47],
    ['BAG-WINTER', 'Winter sleeping bag', 349, 0.5],
    ['MAT-FOAM', 'Foam mat', 24.9, 0.4],
    ['MAT-AIR', 'Air mat', 99, 0.44],
  ]),
  ...shelf('Footwear', 'product', [
    ['BOOT-LOW', 'Low hiking shoes', 109, 0.46],
    ['BOOT-MID', 'Hiking boots', 159, 0.46],
    ['BOOT-ALPINE', 'Mountain boots', 249, 0.49],
    ['SANDAL', 'Trekking sandals', 59, 0.42],
    ['SOCKS-2', 'Two pairs of socks', 19.9, 0.35],
  ]),
  ...shelf('Clothing', 'product', [
    ['SHIRT-WOOL', 'Merino shirt', 69, 0.43],
    ['TROUSERS', 'Zip-off trousers', 89, 0.43],
    ['FLEECE', 'Fleece jacket', 79, 0.42],
    ['SHELL', 'Rain jacket', 199, 0.46],
    ['DOWN', 'Down jacket', 259, 0.48],
    ['CAP', 'Cap', 24.9, 0.36],
    ['GLOVES', 'Gloves', 34.9, 0.38],
  ]),
  ...shelf('Packs', 'product', [
    ['PACK-20', 'Day pack', 69, 0.44],
    ['PACK-45', 'Trekking pack', 149, 0.46],
    ['PACK-65', 'Expedition pack', 219, 0.48],
    ['DRYBAG', 'Dry bag', 16.9, 0.36],
  ]),
  ...shelf('Climbing', 'product', [
    ['ROPE-60', 'Rope of 60 m', 169, 0.5],
    ['HARNESS', 'Harness', 64.9, 0.46],
    ['HELMET', 'Helmet', 59, 0.45],
    ['CARABINER', 'Carabiner', 9.9, 0.4],
    ['CHALK', 'Chalk', 7.5, 0.33],
  ]),
  ...shelf('Cooking', 'product', [
    ['STOVE', 'Gas stove', 49.9, 0.44],
    ['POTS', 'Set of pots', 39.9, 0.42],
    ['GAS-230', 'Gas cartridge', 6.9, 0.5],
    ['BOTTLE', 'Bottle', 14.9, 0.37],
    ['MEAL', 'Dried meal', 8.9, 0.52],
  ]),
  ...shelf('Light and navigation', 'product', [
    ['LAMP', 'Head lamp', 44.9, 0.42],
    ['COMPASS', 'Compass', 29.9, 0.4],
    ['GPS', 'GPS receiver', 329, 0.6],
    ['MAP', 'Hiking map', 11.9, 0.55],
  ]),
  ...shelf('Workshop', 'service', [
    ['WAX-SERVICE', 'Waxing of boots', 15, 0.3],
    ['REPAIR-SMALL', 'Small repair', 29, 0.4],
    ['FITTING', 'Fitting of a pack', 10, 0.3],
  ]),
  ...shelf('Warranty', 'warranty', [['WARRANTY-3Y', 'Warranty of three years', 19.9, 0.15]]),
];

const only = (sku: string, name: string, euros: number): Product =>
  shelf('Gear care', 'service', [[sku, name, euros, 0.45]])[0] as Product;

/** The service contract: washing, waxing and small repairs for a year. */
export const GEAR_CARE = only('GEAR-CARE-1Y', 'Gear care for a year', 59);

export const STORES = ['store-muenchen', 'store-berlin', 'store-innsbruck', 'store-freiburg'] as const;

const EMPLOYEES = 14;

/** Staff are known by id, never by name. */
export const employee = (number: number): string =>
  `staff-${String((number % EMPLOYEES) + 1).padStart(2, '0')}`;
