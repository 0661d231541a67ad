/** Under which path what is found, for those who ask the wrong process of the distributed set; the first that fits. */
const PLACES: readonly (readonly [path: string, where: string])[] = [
  [
    '/v1/admin/backups',
    'Only the embedded set (npm start) copies itself; of the distributed set every server is backed up by its own means, ' +
      'see docs/how-to/backup.md.',
  ],
  ...['admin', 'reports', 'sql', 'model-runs'].map(
    (name) => [`/v1/${name}`, 'Of the distributed set analytics answers it.'] as const,
  ),
  ...[
    'campaigns',
    'commands',
    'complaints',
    'customers',
    'interactions',
    'purchases',
    'returns',
    'service-failures',
  ].map((name) => [`/v1/${name}`, 'Of the distributed set command-api answers it.'] as const),
];

/**
 * Where a path is answered that this process does not know; undefined when it answers such paths itself, or nobody does.
 * @param routes all of this process
 */
export const elsewhere = (path: string, routes: readonly string[]): string | undefined => {
  const isBelow = (route: string, place: string) => route === place || route.startsWith(`${place}/`);
  const [place, where] = PLACES.find(([each]) => isBelow(path, each)) ?? [];
  return place !== undefined && !routes.some((route) => isBelow(route, place)) ? where : undefined;
};
