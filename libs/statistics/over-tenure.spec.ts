import { describe, expect, it } from '@jest/globals';
import { bgNbd, mbgNbd, paretoNbd } from '#statistics/index';
import { overTenure } from '#statistics/over-tenure';

const days = Float64Array.from({ length: 1_500 }, (_, i) => ((i * 7919) % 1_500) / 7);

describe('overTenure', () => {
  it.each([
    bgNbd({ r: 0.243, alpha: 4.414, a: 0.793, b: 2.426 }),
    mbgNbd({ r: 2, alpha: 0.3, a: 1, b: 0.2 }),
    paretoNbd({ r: 0.553, alpha: 10.58, s: 0.606, beta: 11.67 }),
    paretoNbd({ r: 5, alpha: 300, s: 2, beta: 0.5 }),
  ])('interpolates the figures of $name', (model) => {
    for (const x of [0, 1, 12, 250]) {
      const figures = [
        (T: number) => model.purchasesIfAlive(x, T, 52),
        (T: number) => model.noPurchaseIfAlive(x, T, 13),
      ];
      for (const figure of figures) {
        let asked = 0;
        const counted = (T: number) => {
          asked++;
          return figure(T);
        };
        const values = overTenure(counted, days, model.timeScale);
        const exact = days.map(figure);
        const scale = values.reduce((most, value) => Math.max(most, value), 0);
        const off =
          values.reduce((worst, value, i) => Math.max(worst, Math.abs(value - exact[i]!)), 0) / scale;
        expect(off).toBeLessThan(1e-10);
        expect(asked).toBeLessThan(300);
      }
    }
  });
  it('asks for each time where they are few', () => {
    expect([...overTenure((T) => T * T, Float64Array.of(3, 1, 2), 1)]).toEqual([9, 1, 4]);
  });
});
