import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '#platform/package-root';
import { simulationText } from './page.js';

// Prints the simulation; `--write` puts it into docs/scaling.md.

export const PAGE = join(packageRoot(), 'docs', 'scaling.md');
const BEGIN = '<!-- simulation -->';
const END = '<!-- end of simulation -->';

/** The page with the simulation as it is now. */
export const withSimulation = (page: string): string => {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`docs/scaling.md has no ${BEGIN} ... ${END}`);
  return `${page.slice(0, from)}${BEGIN}\n\n${simulationText()}\n${page.slice(to)}`;
};

if (process.argv[1]?.endsWith('scaling/main.ts')) {
  if (process.argv.includes('--write')) writeFileSync(PAGE, withSimulation(readFileSync(PAGE, 'utf8')));
  else console.log(simulationText());
}
