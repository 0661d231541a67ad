/** The paths of some fields, as a tree: what one step of a path leads to. */
interface Selection {
  readonly steps: Map<string, Selection>;
  /** Everything from here on is selected. */
  whole: boolean;
}

type Replace = (field: string, text: string) => string | null;

const selections = new WeakMap<readonly string[], Selection>();

/** `notes[].text` leads through the list `notes`; a list is a step of its own, called `[]`. */
const selectionOf = (paths: readonly string[]): Selection => {
  let root = selections.get(paths);
  if (!root) {
    root = { steps: new Map(), whole: false };
    for (const path of paths) {
      let at = root;
      for (const step of path.replaceAll('[]', '.[]').split('.')) {
        const next: Selection = at.steps.get(step) ?? { steps: new Map(), whole: false };
        at.steps.set(step, next);
        at = next;
      }
      at.whole = true;
    }
    selections.set(paths, root);
  }
  return root;
};

/**
 * A copy of `data` in which every text at these paths is replaced; the rest is shared. `replace` learns the
 * field's own name, the last in its path. A path that ends at an object or a list means every text below it.
 * @throws TypeError for a number or a boolean at such a path: it would be left as it is
 */
export const replaceFields = <T>(data: T, paths: readonly string[], replace: Replace): T =>
  replaceSelected(data, '', selectionOf(paths), replace) as T;

/** The same for every text in `data`, wherever it stands; numbers and booleans are left alone. */
export const replaceTexts = <T>(data: T, replace: Replace): T => replaceBelow(data, '', replace, false) as T;

const replaceSelected = (value: unknown, field: string, at: Selection, replace: Replace): unknown => {
  if (at.whole) return replaceBelow(value, field, replace, true);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const each = at.steps.get('[]');
    return each ? value.map((item) => replaceSelected(item, field, each, replace)) : value;
  }
  const copy: Record<string, unknown> = { ...value };
  for (const [step, next] of at.steps) {
    if (Object.hasOwn(copy, step)) copy[step] = replaceSelected(copy[step], step, next, replace);
  }
  return copy;
};

const replaceBelow = (value: unknown, field: string, replace: Replace, textOnly: boolean): unknown => {
  if (typeof value === 'string') return replace(field, value);
  if (Array.isArray(value)) return value.map((item) => replaceBelow(item, field, replace, textOnly));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, replaceBelow(item, name, replace, textOnly)]),
    );
  if (textOnly && value !== undefined && value !== null)
    throw new TypeError(`The personal field ${field} must be a text, not a ${typeof value}.`);
  return value;
};
