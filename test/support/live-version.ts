import type { Version } from '#warehouse/projection-ledger';

/** The first version of a projection, as the ledger has it while it runs. */
export const liveVersion = (name: string): Version => ({
  name,
  version: 1,
  state: 'live',
  reason: '',
  tableChecksum: '',
  viewChecksum: '',
  views: [],
});
