const byResource: Readonly<Record<string, string>> = {
  customers: 'customerId',
  interactions: 'interactionId',
  complaints: 'complaintId',
  'service-failures': 'serviceFailureId',
  campaigns: 'campaignId',
};

/** The field that a name in a path stands for: `id` is that of the resource, others are called like their field. */
export const idFieldOf = (path: string, name: string): string => {
  const resource = path.split('/')[path.startsWith('/v1/reports') ? 3 : 2] ?? '';
  return name === 'id' ? (byResource[resource] ?? name) : name;
};

/** Fields of a command that stand in its path. */
export const fieldsInPath = (path: string): readonly string[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => idFieldOf(path, name as string));
