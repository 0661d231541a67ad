import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { ClearTextScanner } from '#test/support/clear-text';

const scanner = new ClearTextScanner(['Quastenflosse', 'Krähenwinkel']);
const forms = (content: Buffer | string) => scanner.scan('here', content).map(({ form }) => form);

it('finds a word in every form in which it may be written down', () => {
  const text = 'von der quastenFLOSSE, geboren';
  expect(forms(text)).toEqual(['clear']);
  expect(forms(Buffer.from(text, 'utf16le'))).toEqual(['UTF-16']);
  expect(forms(Buffer.from('xyz Quastenflosse').toString('hex').toUpperCase())).toEqual(['hexadecimal']);
  for (const before of ['', 'a', 'ab', 'abc'])
    for (const alphabet of ['base64', 'base64url'] as const)
      expect(forms(Buffer.from(`${before}Quastenflosse, geb.`).toString(alphabet))).toEqual(['base64']);
  expect(forms('Am Krähenwinkel 3')).toEqual(['clear']);
  expect(forms('q=Am%20Kr%C3%A4henwinkel')).toEqual(['URL-encoded']);
  expect(forms('"Am Kr\\u00e4henwinkel"')).toEqual(['escaped']);
  expect(forms('Quasten flosse, Quastenfloss, Krahenwinkel')).toEqual([]);
});

it('finds it in any file below a directory, wherever it stands in a large one, and in the name of a file', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'perennial-'));
  mkdirSync(join(directory, 'below'));
  writeFileSync(join(directory, 'harmless'), 'nothing');
  const large = join(directory, 'below', 'large');
  writeFileSync(large, Buffer.alloc(4 * 2 ** 20 - 5));
  expect(await scanner.scanFiles(directory)).toEqual({ files: 2, sightings: [] });
  appendFileSync(large, 'Quastenflosse');
  writeFileSync(join(directory, 'quastenflosse.txt'), 'nothing');
  const { sightings } = await scanner.scanFiles(directory);
  expect(sightings.map(({ where }) => where).sort()).toEqual(['below/large', 'quastenflosse.txt']);
  rmSync(directory, { recursive: true });
});
