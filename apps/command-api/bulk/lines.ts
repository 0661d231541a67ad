const NEW_LINE = 0x0a;

/** A line of the request, or the news that it was longer than a line may be. */
export type Line = Buffer | 'too-long';

/** Cuts a stream of bytes into lines, the lines of one chunk at a time; empty lines are left out. */
export async function* linesOf(source: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Line[]> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  let skipping = false;
  for await (const chunk of source) {
    const lines: Line[] = [];
    let from = 0;
    for (let to = chunk.indexOf(NEW_LINE); to !== -1; to = chunk.indexOf(NEW_LINE, from)) {
      const end = chunk.subarray(from, to);
      from = to + 1;
      if (skipping) {
        skipping = false;
        continue;
      }
      const line = rest.length === 0 ? end : Buffer.concat([...rest, end]);
      rest = [];
      restBytes = 0;
      if (line.length > maxBytes) lines.push('too-long');
      else if (!isBlank(line)) lines.push(line);
    }
    if (!skipping && from < chunk.length) {
      rest.push(chunk.subarray(from));
      restBytes += chunk.length - from;
      if (restBytes > maxBytes) {
        lines.push('too-long');
        skipping = true;
        rest = [];
        restBytes = 0;
      }
    }
    if (lines.length > 0) yield lines;
  }
  if (rest.length > 0) {
    const line = Buffer.concat(rest);
    if (!isBlank(line)) yield [line];
  }
}

const isBlank = (line: Buffer): boolean => {
  for (const byte of line) if (byte !== 0x20 && byte !== 0x0d && byte !== 0x09) return false;
  return true;
};
