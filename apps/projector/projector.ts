import type { EventStream } from '#event-stream/event-stream';
import type { Logger } from '#platform/logging';
import { Landing } from '#warehouse/landing/landing';
import type { Warehouse } from '#warehouse/warehouse';

export interface ProjectorOptions {
  readonly stream: EventStream;
  readonly warehouse: Warehouse;
  readonly log: Logger;
}

/**
 * Lands the events of a stream in the warehouse, on a connection of its own, until it is stopped. Returns when it
 * knows how far the warehouse is.
 */
export const startProjector = async ({ stream, warehouse, log }: ProjectorOptions): Promise<Landing> => {
  const connection = await warehouse.connect();
  const landing = new Landing({ stream, warehouse: connection, log, writer: `process ${process.pid}` });
  landing.done.catch(() => {}).finally(() => connection.close());
  await Promise.race([landing.started, landing.done]);
  return landing;
};
