import { describe, expect, it } from '@jest/globals';
import { AdminController } from './admin.controller.js';

describe('a refill', () => {
  const asked = (from: unknown, to: unknown) => () =>
    new AdminController({} as never).refill(from, to, {} as never);

  it('goes from one position forwards to another, or is refused before it begins', () => {
    expect(asked('10', '5')).toThrow('toPosition 5 is before fromPosition 10.');
    expect(asked('-1', undefined)).toThrow('fromPosition must be a position');
    expect(asked('1', '1e3')).toThrow('toPosition must be a position');
  });
});
