import type { ClickHouseException } from './exception.js';

const BY_STATUS: Readonly<Record<number, readonly number[]>> = {
  400: [6, 25, 26, 27, 36, 37, 38, 41, 53, 62, 72, 117, 123, 167, 168, 223, 271, 374, 408, 456, 457],
  401: [194],
  403: [192, 193, 497, 516],
  404: [46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 152, 336, 372, 511],
  411: [381],
  413: [229],
  501: [48, 89],
  503: [76, 202, 209, 745],
};

const STATUS = new Map(
  Object.entries(BY_STATUS).flatMap(([status, codes]) =>
    codes.map((code) => [code, Number(status)] as const),
  ),
);

/** The HTTP status that ClickHouse gives to an exception. */
export const statusOf = ({ code }: ClickHouseException): number => STATUS.get(code) ?? 500;
