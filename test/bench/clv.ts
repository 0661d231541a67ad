import {
  bgNbd,
  clvUncertainty,
  discountedPurchases,
  eachOnce,
  expectedSpend,
  fitBgNbd,
  fitGammaGamma,
  monthlySchedule,
  predictiveMultiples,
  probabilityOfNoPurchase,
  simulateCustomers,
} from '#statistics/index';

/**
 * BG/NBD with Gamma-Gamma in memory, one thread: fit and score of simulated customers, then their intervals.
 * Prints CPU seconds, peak memory, and how far the estimates are from the truth in standard errors.
 */
const CUSTOMERS = Number(process.argv[2] ?? 1_000_000);
const ROUNDS = Number(process.argv[3] ?? 3);
const SCHEDULE = monthlySchedule(12, 'week', 0.01);

const population = {
  purchases: { r: 0.243, alpha: 4.414, a: 0.793, b: 2.426 },
  spend: { p: 6.25, q: 3.74, gamma: 15.44 },
};
// Two years of customers with times cut to whole days, as data are; parameters are recovered from uncut times.
const simulated = { ...population, customers: CUSTOMERS, seed: 7, arrivals: 78, end: 104 };
const customers = simulateCustomers({ ...simulated, day: 1 / 7 });

const cpu = <T>(work: () => T): [T, number] => {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  return [result, (user + system) / 1e6];
};
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

const times: Record<'BG/NBD fit' | 'Gamma-Gamma fit' | 'scores' | 'intervals', number[]> = {
  'BG/NBD fit': [],
  'Gamma-Gamma fit': [],
  scores: [],
  intervals: [],
};
for (let round = 0; round < ROUNDS; round++) {
  const [purchases, fitting] = cpu(() => fitBgNbd(eachOnce(customers)));
  const [spend, fittingSpend] = cpu(() => fitGammaGamma(customers));
  const model = bgNbd(purchases.parameters);
  const [, scoring] = cpu(() => {
    const spends = expectedSpend(spend.parameters, customers);
    const clv = discountedPurchases(model, customers, SCHEDULE).map((value, i) => value * spends[i]!);
    return {
      clv,
      alive: model.probabilityAlive(customers),
      none: probabilityOfNoPurchase(model, customers, 26),
    };
  });
  const [, bounding] = cpu(() => [
    predictiveMultiples(model, spend.parameters, customers, SCHEDULE, 0.8),
    clvUncertainty(purchases, spend, customers, SCHEDULE),
  ]);
  times['BG/NBD fit'].push(fitting);
  times['Gamma-Gamma fit'].push(fittingSpend);
  times.scores.push(scoring);
  times.intervals.push(bounding);
}
for (const [name, seconds] of Object.entries(times))
  console.log(`${name.padEnd(16)} ${median(seconds).toFixed(3)} s CPU for ${CUSTOMERS} customers`);
const total = ['BG/NBD fit', 'Gamma-Gamma fit', 'scores'] as const;
console.log(`fit and score    ${total.reduce((sum, name) => sum + median(times[name]), 0).toFixed(3)} s CPU`);
console.log(`peak memory      ${Math.round(process.resourceUsage().maxRSS / 1024)} MB`);

const uncut = simulateCustomers(simulated);
const truth: Readonly<Record<string, number>> = { ...population.purchases, ...population.spend };
for (const { parameters, standardErrors } of [fitBgNbd(eachOnce(uncut)), fitGammaGamma(uncut)]) {
  const errors: Readonly<Record<string, number>> = standardErrors ?? {};
  for (const [name, value] of Object.entries(parameters))
    console.log(
      `${name.padEnd(16)} ${value.toFixed(5)}, true ${truth[name]}, ${((value - truth[name]!) / errors[name]!).toFixed(1)} standard errors off`,
    );
}
