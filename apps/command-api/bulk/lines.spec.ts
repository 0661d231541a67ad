import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { linesOf } from './lines.js';

const cut = async (chunks: readonly string[], max = 100): Promise<string[]> => {
  const source = async function* () {
    for (const chunk of chunks) yield Buffer.from(chunk);
  };
  const lines: string[] = [];
  for await (const some of linesOf(source(), max)) for (const line of some) lines.push(line.toString());
  return lines;
};

describe('linesOf', () => {
  it('leaves out empty lines and needs no line end at the end', async () => {
    expect(await cut(['a\n\n \r\nb'])).toEqual(['a', 'b']);
    expect(await cut(['a\nb\n'])).toEqual(['a', 'b']);
    expect(await cut([])).toEqual([]);
  });
  it('tells of a line that is too long once, and goes on behind it', async () => {
    expect(await cut(['aaa', 'aaa', 'aaa\nb', '\n'], 5)).toEqual(['too-long', 'b']);
    expect(await cut(['aaaaaaaa\nb\ncccccc'], 5)).toEqual(['too-long', 'b', 'too-long']);
    expect(await cut(['aaaaa\n'], 5)).toEqual(['aaaaa']);
  });
  it('cuts the same lines however the bytes come in', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: fc.constantFrom('a', 'ä', '{', '"'), minLength: 1, maxLength: 12 })),
        fc.array(fc.nat({ max: 9 }), { minLength: 1 }),
        async (lines, sizes) => {
          const bytes = Buffer.from(lines.join('\n'));
          const source = async function* () {
            let at = 0;
            for (let i = 0; at < bytes.length; i++) {
              const size = 1 + (sizes[i % sizes.length] as number);
              yield bytes.subarray(at, at + size);
              at += size;
            }
          };
          const found: string[] = [];
          for await (const some of linesOf(source(), 10))
            for (const line of some) found.push(line.toString());
          expect(found).toEqual(lines.map((line) => (Buffer.byteLength(line) > 10 ? 'too-long' : line)));
        },
      ),
      { seed: 12, numRuns: 300 },
    );
  });
});
