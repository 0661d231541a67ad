import { startCommandProcesses } from '#apps/command-api/processes/command-processes';
import { commandSender } from '#apps/command-api/processes/send';
import { AUDIENCE_CHECKSUM_SQL, AudienceChecksum } from '#crm/campaign/audience-checksum';
import type { LaunchCampaign, PlanCampaign } from '#crm/campaign/campaign-types';
import type { EraseCustomer, MergeCustomer } from '#crm/customer/customer-types';
import { openStoresWithWarehouse, outside, until } from '#test/support/process-stores';
import { ReadOnlyWarehouse } from '#warehouse/read-only';

/**
 * What launch-killed.spec.ts kills: launches a campaign, merges and erases customers, and says how far it is. The
 * commands carry the same ids each time, as those of a caller who did not get an answer.
 */
const [, , folder = '', size = '0'] = process.argv;
const campaignId = 'killed';
const stores = await openStoresWithWarehouse(folder);
const segments = new ReadOnlyWarehouse(stores.warehouse, {
  maxMemoryBytes: 1024 ** 3,
  maxSeconds: 60,
  maxRows: 1_000_000,
});
const send = commandSender(stores.store, stores.upcasters);
const processes = await startCommandProcesses({ ...stores, segments });
console.log('ready');

const id = (commandId: string) => ({ commandId });
const plan = { campaignId, name: 'Killed', goal: 'live', phase: 'retention', channel: 'email' } as const;
await send(outside<PlanCampaign>('PlanCampaign', plan, id('plan')));
const sql = `SELECT concat('c-', toString(number)) AS customer_id FROM numbers(${Number(size)})`;
await send(
  outside<LaunchCampaign>('LaunchCampaign', { campaignId, segment: { sql, position: 0 } }, id('launch')),
);
console.log('launched');

const merge = outside<MergeCustomer>(
  'MergeCustomer',
  { customerId: 'm', into: 's', reason: 'duplicate' },
  id('merge'),
);
await processes.complete(merge, await send(merge));
console.log('merged');
const erase = outside<EraseCustomer>('EraseCustomer', { customerId: 's' }, id('erase'));
await processes.complete(erase, await send(erase));
console.log('erased');

let told = '';
await until(
  'frozen',
  async () => {
    const status = await processes.launchStatusOf(campaignId);
    const news = `${status?.phase} ${Math.floor((status?.assigned ?? 0) / 1000)}`;
    if (news !== told) console.log(news);
    told = news;
    return status?.phase === 'frozen';
  },
  60_000,
);
await stores.landed(await stores.store.head(), 60_000);
await until('caught up', async () => (await processes.status()).lag === 0);

const members: string[] = [];
for await (const { type, data } of stores.store.readAll())
  if (type === 'MemberAssigned') members.push((data as { customerId: string }).customerId);
const [landed] = await stores.warehouse.rows(
  `SELECT toUInt32(count()) AS count, ${AUDIENCE_CHECKSUM_SQL} AS checksum FROM crm.events WHERE type = 'MemberAssigned'`,
);
const frozen = [];
for await (const { type, data } of stores.store.readStream(`campaign-${campaignId}`))
  if (type === 'AudienceFrozen') frozen.push(data);
const erased = [await stores.vault.isErased('m'), await stores.vault.isErased('s')];
await processes.stop();
await stores.close();
console.log(`result ${JSON.stringify({ members: AudienceChecksum.of(members), landed, frozen, erased })}`);
