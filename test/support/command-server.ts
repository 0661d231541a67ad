import type { AddressInfo } from 'node:net';
import { commandApiModule } from '#apps/command-api/command-api.module';
import { BODY_LIMIT, createServer, PUBLIC_PATHS } from '#apps/command-api/http/server';
import { CustomerReader } from '#apps/command-api/queries/customer-reader';
import type { RecordedEvent } from '#eventing/event';
import type { EventStore } from '#eventing/event-store';
import { createLogger } from '#platform/logging';
import { openCommandSide } from './command-side.js';

export type CommandServer = Awaited<ReturnType<typeof startCommandServer>>;

/** The command API over HTTP on stores of its own, without a warehouse: starts in less than a second. */
export const startCommandServer = async () => {
  const side = await openCommandSide();
  const log = createLogger('fatal');
  const application = await createServer(
    [commandApiModule(portsOn(side, log))],
    { apiKeys: [], publicPaths: PUBLIC_PATHS, bodyLimit: BODY_LIMIT },
    log,
  );
  await application.listen(0, '127.0.0.1');
  const { port } = application.getHttpServer().address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return {
    ...side,
    url,
    application,
    /** @param body sent as JSON; none when undefined */
    send: async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return {
        status: response.status,
        headers: response.headers,
        body: text === '' ? {} : JSON.parse(text),
      };
    },
    close: async () => {
      await application.close();
      await side.close();
    },
  };
};

type Side = Awaited<ReturnType<typeof openCommandSide>>;

/** There is no launch without a warehouse, and what is appended counts as landed at once. */
const portsOn = (
  { eventStore, upcasters, vault, sealer, pipeline }: Side,
  log: ReturnType<typeof createLogger>,
) => ({
  pipeline,
  customers: new CustomerReader({
    eventStore,
    upcasters,
    vault,
    sealer,
    events: { before: eventsOf(eventStore), catchUp: async () => {} },
    phoneRegion: 'DE',
  }),
  reading: { eventStore, upcasters, sealer },
  launchStatusOf: async () => undefined,
  landing: { waitFor: async () => true },
  bodyLimit: BODY_LIMIT,
  log,
});

/** By a walk through all events: a test has few. */
const eventsOf =
  (store: EventStore) =>
  async (customerIds: readonly string[], position: number, limit: number): Promise<RecordedEvent[]> => {
    const found: RecordedEvent[] = [];
    for await (const event of store.readAll({ direction: 'backwards', after: position }))
      if (found.length < limit && customerIds.includes(event.metadata.customerId ?? '')) found.push(event);
    return found;
  };
