import { expect, it } from '@jest/globals';
import { analyseArms } from '#statistics/campaign';
import { permutationTest } from '#statistics/permutation';
import { randomFrom } from '#statistics/random';
import { hillstromArms } from '#test/support/hillstrom';
import { describeWithData } from '#test/support/shared-data';

const CONTROL = 'No E-Mail';

describeWithData("Hillstrom's e-mail test", 'hillstrom/hillstrom.csv', (path) => {
  const arms = path ? hillstromArms(path) : {};
  const outcomes = Object.entries(arms).map(([arm, { n, visits, conversions, spends }]) => ({
    arm,
    share: 1,
    n,
    values: spends.filter((spend) => spend !== 0),
    converted: conversions,
    counts: { visit: visits },
    cost: arm === CONTROL ? undefined : 1000,
  }));

  it('has the published outcomes by arm', () => {
    const { arms: summaries, sampleRatio } = analyseArms(outcomes, { control: CONTROL, seed: 1 });
    const rows = summaries.map(({ arm, n, converted, money, rates }) => [
      arm,
      n,
      converted,
      Number(money.toFixed(2)),
      Math.round(rates.visit! * n),
    ]);
    expect(rows).toEqual(
      expect.arrayContaining([
        ['No E-Mail', 21306, 122, 13908.33, 2262],
        ['Mens E-Mail', 21307, 267, 30311.69, 3894],
        ['Womens E-Mail', 21387, 189, 23038.11, 3238],
      ]),
    );
    expect(sampleRatio.alarm).toBe(false);
  });

  it('has the published lifts and intervals', () => {
    const { comparisons } = analyseArms(outcomes, { control: CONTROL, seed: 1 });
    const mens = comparisons.find(({ arm }) => arm === 'Mens E-Mail')!;
    const womens = comparisons.find(({ arm }) => arm === 'Womens E-Mail')!;
    expect(mens.money).toMatchObject({
      difference: expect.closeTo(0.7698272, 7),
      standardError: expect.closeTo(0.1452466, 7),
      // The published figures round the normal quantile to 1.96, which moves them by 5e-6.
      interval: { low: expect.closeTo(0.485149, 6), high: expect.closeTo(1.054505, 6) },
      welchInterval: { low: expect.closeTo(0.48514, 5), high: expect.closeTo(1.054515, 5) },
      significant: true,
    });
    expect(womens.money).toMatchObject({
      difference: expect.closeTo(0.4244122, 7),
      standardError: expect.closeTo(0.1303329, 7),
      interval: { low: expect.closeTo(0.1689645, 6), high: expect.closeTo(0.67986, 6) },
      significant: true,
    });
    expect(mens.rates.visit!.difference).toBeCloseTo(0.0765896, 7);
    expect(mens.rates.visit!.standardError).toBeCloseTo(0.0033859, 6);
    expect(womens.rates.visit!.difference).toBeCloseTo(0.0452331, 7);
    expect(womens.rates.visit!.standardError).toBeCloseTo(0.0032345, 6);
    expect(mens.conversion.difference).toBeCloseTo(0.006805, 6);
    expect(mens.conversion.standardError).toBeCloseTo(0.0009209, 6);
    expect(womens.conversion.difference).toBeCloseTo(0.0031111, 6);
    expect(womens.conversion.standardError).toBeCloseTo(0.0008227, 6);
    expect(mens.roi).toBeCloseTo((0.7698272 * 21307 - 1000) / 1000, 3);
  });

  const SPLITS = 1_000;
  it.each([1_000, 10_000])(
    'finds a difference in at most 6 %% of random splits of the control group, n = %i',
    (n) => {
      const spends = arms[CONTROL]!.spends;
      const seed = 20_240_501 + n;
      const random = randomFrom(seed);
      let alarms = 0;
      for (let split = 0; split < SPLITS; split++) {
        const sample = drawn(spends, n, random);
        const held = sample.subarray(0, n / 10);
        const mailed = sample.subarray(n / 10);
        const { pValue } = permutationTest(sparse(mailed), sparse(held), { seed: split, permutations: 999 });
        if (pValue < 0.05) alarms++;
      }
      console.info(
        `A/A with ${n} customers, 10 % held out, seed ${seed}: ${alarms} false alarms in ${SPLITS}`,
      );
      expect(alarms).toBeLessThanOrEqual(0.06 * SPLITS);
    },
  );
});

/** `n` values without replacement, in random order: the head of a shuffle. */
const drawn = (values: Float64Array, n: number, random: { uint32(): number }): Float64Array => {
  const shuffled = values.slice();
  for (let i = 0; i < n; i++) {
    const j = i + (random.uint32() % (shuffled.length - i));
    [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
  }
  return shuffled.subarray(0, n);
};

const sparse = (values: Float64Array) => ({
  n: values.length,
  values: values.filter((value) => value !== 0),
});
