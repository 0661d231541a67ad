import { describe, expect, it } from '@jest/globals';
import { replaceFields, replaceTexts } from '#personal-data/fields';

const mark = (field: string, text: string) => `${field}:${text}`;

describe('the fields of a command', () => {
  const command = {
    name: 'Ada',
    kind: 'person',
    address: { street: 'Rue 1', city: 'Paris' },
    notes: [{ text: 'one', at: 1 }, { text: 'two' }],
    aliases: ['A', 'B'],
  };

  it('are replaced at their paths, each called by its own name', () => {
    expect(replaceFields(command, ['name', 'address.street', 'notes[].text', 'aliases[]'], mark)).toEqual({
      name: 'name:Ada',
      kind: 'person',
      address: { street: 'street:Rue 1', city: 'Paris' },
      notes: [{ text: 'text:one', at: 1 }, { text: 'text:two' }],
      aliases: ['aliases:A', 'aliases:B'],
    });
  });

  it('are replaced with all that is below a path', () => {
    expect(replaceFields(command, ['address', 'aliases'], mark)).toMatchObject({
      address: { street: 'street:Rue 1', city: 'city:Paris' },
      aliases: ['aliases:A', 'aliases:B'],
    });
  });

  it('may be missing, empty or of another shape', () => {
    const data = { name: null, address: undefined, notes: 'none' };
    expect(replaceFields(data, ['name', 'address.street', 'notes[].text', 'phone', 'a.b.c'], mark)).toEqual(
      data,
    );
    expect(replaceFields({ name: '' }, ['name'], mark)).toEqual({ name: 'name:' });
  });

  it('are not left in the clear because they are no texts', () => {
    expect(() => replaceFields({ born: 1815 }, ['born'], mark)).toThrow('born must be a text, not a number');
  });

  it('are copied: what was given stays as it was', () => {
    const before = structuredClone(command);
    const after = replaceFields(command, ['notes[].text'], mark);
    expect(command).toEqual(before);
    expect(after.address).toBe(command.address);
  });

  it('can all be visited, wherever they stand', () => {
    expect(replaceTexts([{ a: { b: ['x'] }, n: 1, none: null }], mark)).toEqual([
      { a: { b: ['b:x'] }, n: 1, none: null },
    ]);
  });
});
