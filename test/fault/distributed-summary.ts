import { EFFECTS } from './distributed-effects.js';
import type { EndedByItself } from './distributed-part.js';
import type { Findings } from './distributed-read-back.js';
import type { RunResult } from './distributed-run.js';

export const faultsOf = ({ inflicted }: Pick<RunResult, 'inflicted'>): number =>
  [...inflicted.values()].reduce((sum, times) => sum + times, 0);

/** What a run has shown, as a table for people. */
export const describeRun = (
  {
    inflicted,
    effects,
    secondsPerFault,
    seconds,
    acknowledged,
    resent,
    events,
    ended,
    findings,
    laidAside,
    unexpected,
  }: RunResult,
  seed: number,
): string => {
  const count = (kind: string) =>
    Object.values(findings)
      .flat()
      .filter((finding) => finding.kind === kind).length;
  const rows: readonly (readonly [string, string | number])[] = [
    ['seed', seed],
    ['faults', faultsOf({ inflicted })],
    ['seconds per fault', secondsPerFault.toFixed(2)],
    ['acknowledgements', acknowledged],
    ['sent again', resent],
    ['events', events.length],
    ['processes that ended by themselves', ended.length],
    ['refused although valid', unexpected.length],
    ...['lost', 'doubled', 'out of order', 'moved', 'foreign', 'half done'].map(
      (kind) => [kind, count(kind)] as const,
    ),
    ...Object.entries(seconds).map(([what, took]) => [`seconds of ${what}`, took] as const),
  ];
  const kinds = [...inflicted].sort(([a], [b]) => a.localeCompare(b));
  const brought = Object.values(EFFECTS).map((effect) => [effect, effects.get(effect) ?? 0] as const);
  return [
    ...[...rows, ...kinds, ...brought].map(([what, value]) => `${what.padEnd(52)}${value}`),
    ...laidAside,
  ].join('\n');
};

/** Why processes ended by themselves, each reason once with how often. */
export const describeEnds = (ended: readonly EndedByItself[]): string => {
  const reasons = new Map<string, number>();
  for (const { name, code, signal, said } of ended) {
    const last =
      said
        .trim()
        .split('\n')
        .filter((line) => !line.startsWith('{'))
        .at(-1) ?? '';
    const reason = `${name.replace(/-\d$/, '')} ended with ${signal ?? code}: ${last.slice(0, 200)}`;
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  return [...reasons].map(([reason, times]) => `${times} x ${reason}`).join('\n');
};

/** An end that no design allows: not a failure told in words with exit code 1, but a crash, or a mistake in the code. */
export const unexpectedEnds = (ended: readonly EndedByItself[]): string[] =>
  ended
    .filter(
      ({ code, said }) =>
        code !== 1 ||
        /\b(TypeError|ReferenceError|RangeError|SyntaxError|AssertionError)\b/.test(lastWords(said)),
    )
    .map(
      ({ name, code, signal, said }) => `${name} ended by itself with ${code ?? signal}: ${lastWords(said)}`,
    );

const lastWords = (said: string): string => said.slice(-1_500);

const SHOWN = 20;

export const describeFindings = (findings: Findings): string[] =>
  Object.entries(findings).flatMap(([compared, its]) => [
    ...its.slice(0, SHOWN).map(({ kind, what }) => `${compared}: ${kind}: ${what}`),
    ...(its.length > SHOWN ? [`${compared}: and ${its.length - SHOWN} more`] : []),
  ]);
