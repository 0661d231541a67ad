import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What a guide in docs/how-to asks its reader to do, block by block, with the line on which it asks. */
export type GuideStep =
  /** A new file, or one that is written anew: a block below a line that ends with the file's name and a colon. */
  | { readonly kind: 'file'; readonly line: number; readonly file: string; readonly text: string }
  /** Changes to a file that is there: a `diff` block below such a line; `@@` stands between two places. */
  | { readonly kind: 'change'; readonly line: number; readonly file: string; readonly hunks: readonly Hunk[] }
  /** A `sh` block, and what the reader then sees: the `json` or `text` block below it. */
  | { readonly kind: 'run'; readonly line: number; readonly command: string; readonly seen?: Seen };

export interface Seen {
  readonly language: 'json' | 'text';
  readonly text: string;
}

interface Hunk {
  readonly before: readonly string[];
  readonly after: readonly string[];
}

interface Block {
  readonly line: number;
  readonly language: string;
  readonly text: string;
  readonly file: string | undefined;
}

/** @throws Error that names the line of a block that says neither where it belongs nor what it is */
export const readGuide = (markdown: string): GuideStep[] => {
  const steps: GuideStep[] = [];
  for (const { line, language, text, file } of blocksOf(markdown)) {
    const last = steps.at(-1);
    if (language === 'sh') steps.push({ kind: 'run', line, command: text });
    else if (language === 'json' || language === 'text') {
      if (last?.kind !== 'run' || last.seen)
        throw new Error(`line ${line}: a ${language} block shows what the sh block above it prints`);
      steps[steps.length - 1] = { ...last, seen: { language, text } };
    } else if (!file)
      throw new Error(`line ${line}: the line above the block must end with \`path/of/file\`:`);
    else if (language === 'diff') steps.push({ kind: 'change', line, file, hunks: hunksOf(text) });
    else steps.push({ kind: 'file', line, file, text });
  }
  return steps;
};

const blocksOf = (markdown: string): Block[] => {
  const blocks: Block[] = [];
  const lines = markdown.split('\n');
  for (let i = 0; i < lines.length; i += 1) {
    const language = /^```(\w+)$/.exec(lines[i]!)?.[1];
    if (!language) continue;
    const end = lines.indexOf('```', i);
    if (end < 0) throw new Error(`line ${i + 1}: the block does not end`);
    const above = lines.slice(0, i).findLast((line) => line.trim() !== '') ?? '';
    const file = /`([\w./-]+)`:$/.exec(above)?.[1];
    blocks.push({ line: i + 1, language, file, text: lines.slice(i + 1, end).join('\n') });
    i = end;
  }
  return blocks;
};

const hunksOf = (diff: string): Hunk[] =>
  diff.split(/^@@.*\n/m).map((part) => {
    const lines = part.split('\n').filter((line, i, all) => line !== '' || i < all.length - 1);
    const side = (mark: '+' | '-') =>
      lines.filter((line) => line[0] === mark || line[0] === ' ' || line === '').map((line) => line.slice(1));
    return { before: side('-'), after: side('+') };
  });

/** Does to the files below `root` what a step says. @throws Error when the lines that it quotes are not there once */
export const applyStep = (root: string, step: Exclude<GuideStep, { kind: 'run' }>): void => {
  const path = join(root, step.file);
  if (step.kind === 'file') {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${step.text}\n`);
    return;
  }
  if (!existsSync(path)) throw new Error(`there is no ${step.file} any longer`);
  let lines = readFileSync(path, 'utf8').split('\n');
  for (const { before, after } of step.hunks) {
    const places = lines.flatMap((_, at) => (before.every((line, i) => lines[at + i] === line) ? [at] : []));
    if (places.length !== 1)
      throw new Error(`${step.file} holds these lines ${places.length} times:\n${before.join('\n')}`);
    const at = places[0]!;
    lines = [...lines.slice(0, at), ...after, ...lines.slice(at + before.length)];
  }
  writeFileSync(path, lines.join('\n'));
};
