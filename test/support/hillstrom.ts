import { readFileSync } from 'node:fs';

/** One arm of Hillstrom's e-mail test: customers, and what they did in the two weeks after. */
export interface HillstromArm {
  readonly n: number;
  readonly visits: number;
  readonly conversions: number;
  /** Spend of each customer, zeros included, in the order of the file. */
  readonly spends: Float64Array;
}

/** The arms by name: `No E-Mail` (control), `Mens E-Mail`, `Womens E-Mail`. */
export const hillstromArms = (file: string): Record<string, HillstromArm> => {
  const arms: Record<string, { n: number; visits: number; conversions: number; spends: number[] }> = {};
  for (const line of readFileSync(file, 'utf8').trim().split('\n').slice(1)) {
    const [segment, visit, conversion, spend] = line.trim().split(',').slice(-4) as string[];
    arms[segment!] ??= { n: 0, visits: 0, conversions: 0, spends: [] };
    const arm = arms[segment!]!;
    arm.n++;
    arm.visits += Number(visit);
    arm.conversions += Number(conversion);
    arm.spends.push(Number(spend));
  }
  return Object.fromEntries(
    Object.entries(arms).map(([name, arm]) => [name, { ...arm, spends: Float64Array.from(arm.spends) }]),
  );
};
