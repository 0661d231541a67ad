import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { packageRoot, version } from '#platform/package-root';

it('finds the package that this file belongs to', () => {
  expect(existsSync(join(packageRoot(), 'libs/platform/package-root.ts'))).toBe(true);
  expect(version()).toMatch(/^\d+\.\d+\.\d+/);
});
