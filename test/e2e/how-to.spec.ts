import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { packageRoot } from '#platform/package-root';
import { applyStep, readGuide, type Seen } from '#test/support/guide';
import { GuideWorkshop, type Printed } from '#test/support/guide-workshop';

/** The guides are followed to the letter, in a copy of the repository: what they ask for is done, what they show is seen. */
const guides = ['add-a-command', 'add-an-event-version', 'add-a-projection'];

const expectSeen = ({ stdout, all }: Printed, { language, text }: Seen): void => {
  if (language === 'json') {
    expect(JSON.parse(stdout)).toMatchObject(JSON.parse(text));
    return;
  }
  let rest = all;
  for (const line of text.split('\n').filter((each) => each !== '...')) {
    expect(rest).toContain(line);
    rest = rest.slice(rest.indexOf(line) + line.length);
  }
};

describe('the guides', () => {
  let workshop: GuideWorkshop;
  beforeAll(() => {
    // The copies use our packages: those must be the ones of the lock file.
    const prepare = join(packageRoot(), 'infra', 'tools', 'prepare.mjs');
    expect(spawnSync(process.execPath, [prepare, '--install-only', '--quiet']).status).toBe(0);
  }, 300_000);
  beforeEach(() => {
    workshop = new GuideWorkshop();
  });
  afterEach(() => workshop.close(), 60_000);

  it.each(guides)(
    '%s leads where it says',
    async (name) => {
      const file = `docs/how-to/${name}.md`;
      for (const step of readGuide(readFileSync(join(packageRoot(), file), 'utf8'))) {
        try {
          if (step.kind !== 'run') applyStep(workshop.root, step);
          else {
            const printed = await workshop.run(step.command);
            if (step.seen) expectSeen(printed, step.seen);
          }
        } catch (error) {
          throw new Error(`${file}:${step.line}: ${(error as Error).message}`, { cause: error });
        }
      }
    },
    300_000,
  );
});
