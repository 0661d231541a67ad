const encode = (id: string): string => encodeURIComponent(id);

/** `campaign-member-<campaign>-<customer>`: hyphens of all ids but the last are encoded, so that it can be read back. */
export const streamName = (category: string, ...ids: readonly string[]): string =>
  [
    category,
    ...ids.map((id, i) => (i < ids.length - 1 ? encode(id).replaceAll('-', '%2D') : encode(id))),
  ].join('-');

/** The ids in a stream's name, or undefined when it is not of that category. */
export const idsOf = (category: string, count: number, stream: string): string[] | undefined => {
  if (!stream.startsWith(`${category}-`)) return undefined;
  const parts = stream.slice(category.length + 1).split('-');
  if (parts.length < count) return undefined;
  const ids = [...parts.slice(0, count - 1), parts.slice(count - 1).join('-')];
  return ids.map(decodeURIComponent);
};
