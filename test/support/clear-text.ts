import { createReadStream, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

/** One place where something stands that should stand nowhere in the clear. */
export interface Sighting {
  readonly where: string;
  readonly marker: string;
  readonly form: string;
}

interface Needle {
  readonly marker: string;
  readonly form: string;
  readonly bytes: Buffer;
  /** Searched for in the text in lower case. */
  readonly anyCase: boolean;
}

/** Looks for words in the clear, in upper or lower case, and in the forms in which they are written down unseen. */
export class ClearTextScanner {
  private readonly needles: readonly Needle[];
  private readonly overlap: number;

  /** @param markers words that stand in everything personal, and nowhere else */
  constructor(markers: readonly string[]) {
    const needles = markers.flatMap(needlesOf);
    const known = new Map<string, Needle>();
    for (const needle of needles) {
      const bytes = needle.bytes.toString('latin1');
      if (!known.has(bytes)) known.set(bytes, needle);
    }
    this.needles = [...known.values()];
    this.overlap = Math.max(...this.needles.map(({ bytes }) => bytes.length)) - 1;
  }

  scan(where: string, content: Buffer | string): Sighting[] {
    const bytes = Buffer.from(content);
    // As one character for each byte, so that only letters of ASCII change their case.
    const anyCase = Buffer.from(
      bytes.toString('latin1').replaceAll(/[A-Z]+/g, (upper) => upper.toLowerCase()),
      'latin1',
    );
    return this.needles
      .filter((needle) => (needle.anyCase ? anyCase : bytes).includes(needle.bytes))
      .map(({ marker, form }) => ({ where, marker, form }));
  }

  /** All files of a directory, whatever they are. */
  async scanFiles(directory: string): Promise<{ files: number; sightings: Sighting[] }> {
    const sightings: Sighting[] = [];
    const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((file) =>
      file.isFile(),
    );
    for (const { parentPath, name } of files) {
      const path = join(parentPath, name);
      let rest: Buffer = Buffer.from(name);
      for await (const chunk of createReadStream(path, { highWaterMark: 4 * 2 ** 20 })) {
        const piece = Buffer.concat([rest, chunk as Buffer]);
        sightings.push(...this.scan(relative(directory, path), piece));
        rest = piece.subarray(-this.overlap);
      }
    }
    return { files: files.length, sightings };
  }
}

const needlesOf = (marker: string): Needle[] => {
  const lower = marker.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
  const utf8 = Buffer.from(lower);
  const escaped = lower.replaceAll(
    /[^ -~]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  const plain = [
    { form: 'clear', bytes: utf8 },
    { form: 'UTF-16', bytes: Buffer.from(lower, 'utf16le') },
    { form: 'URL-encoded', bytes: Buffer.from(encodeURIComponent(lower).toLowerCase()) },
    { form: 'escaped', bytes: Buffer.from(escaped) },
  ].map((needle) => ({ ...needle, marker, anyCase: true }));
  const spellings = [...new Set([marker, lower, marker.toUpperCase()])];
  const coded = spellings.flatMap((spelling) => [
    ...base64Of(Buffer.from(spelling)).map((text) => ({
      form: 'base64',
      bytes: Buffer.from(text),
      marker,
      anyCase: false,
    })),
    { form: 'hexadecimal', bytes: Buffer.from(Buffer.from(spelling).toString('hex')), marker, anyCase: true },
  ]);
  return [...plain, ...coded];
};

/** As it stands in the base64 of a longer text, at each of the three offsets, in both alphabets. */
const base64Of = (bytes: Buffer): string[] =>
  [0, 1, 2].flatMap((offset) => {
    const padded = Buffer.concat([Buffer.alloc(offset), bytes]);
    const from = Math.ceil((offset * 8) / 6);
    const to = Math.floor((padded.length * 8) / 6);
    return (['base64', 'base64url'] as const).map((alphabet) => padded.toString(alphabet).slice(from, to));
  });
