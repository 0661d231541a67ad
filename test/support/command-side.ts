import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pipeline } from '#apps/command-api/pipeline';
import { campaignFactsReader } from '#apps/command-api/processes/campaign-facts';
import { completeErasure } from '#apps/command-api/processes/erasure';
import { completeMerge } from '#apps/command-api/processes/merges';
import { commandSender } from '#apps/command-api/processes/send';
import { upcasters as upcasterList } from '#crm/catalogue';
import type { CustomerCommand } from '#crm/customer/customer-types';
import { SqliteEventStore } from '#event-store/sqlite/sqlite-event-store';
import { streamName } from '#eventing/stream-name';
import { Upcasters } from '#eventing/upcaster';
import { Sealer } from '#personal-data/sealer';
import { openEmbeddedKeyVault } from '#personal-data/sqlite/embedded-key-vault';

export type CommandSide = Awaited<ReturnType<typeof openCommandSide>>;

/** The command pipeline on stores of its own, without a warehouse: starts in milliseconds. */
export const openCommandSide = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'perennial-'));
  const eventStore = new SqliteEventStore(join(folder, 'events.db'));
  const vault = await openEmbeddedKeyVault(folder, { announce: () => {} });
  const upcasters = new Upcasters(upcasterList);
  const sealer = new Sealer(vault);
  const tools = { store: eventStore, upcasters, send: commandSender(eventStore, upcasters) };
  const pipeline = new Pipeline({
    eventStore,
    upcasters,
    vault,
    sealer,
    campaignFactsOf: campaignFactsReader(eventStore, upcasters),
    finish: async (command, outcome) => {
      const asked = command as CustomerCommand;
      if (asked.type === 'MergeCustomer' || asked.type === 'UndoCustomerMerge')
        return completeMerge(tools, asked, outcome);
      if (asked.type === 'EraseCustomer') await completeErasure(tools, vault, asked.data.customerId);
      return outcome;
    },
    isKnown: async (customerId) => {
      for await (const _ of eventStore.readStream(streamName('customer', customerId), { limit: 1 }))
        return true;
      return false;
    },
    checkSegment: async () => {},
    landedPosition: () => 0,
    businessZone: 'Europe/Berlin',
    phoneRegion: 'DE',
    now: () => Date.parse('2024-12-31T12:00:00Z'),
  });
  return {
    eventStore,
    vault,
    upcasters,
    sealer,
    pipeline,
    close: async () => {
      await eventStore.close();
      await vault.close();
      rmSync(folder, { recursive: true });
    },
  };
};
