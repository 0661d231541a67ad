import type { EventStream } from '#event-stream/event-stream';
import type { Logger } from '#platform/logging';
import type { Tracing } from '#platform/tracing';
import { Landing, type LandingOptions } from '#warehouse/landing/landing';
import type { Warehouse } from '#warehouse/warehouse';

export interface ProjectorOptions extends Pick<LandingOptions, 'onLanded'> {
  readonly stream: EventStream;
  readonly warehouse: Warehouse;
  readonly log: Logger;
  readonly tracing?: Tracing;
}

/**
 * Lands the events of a stream in the warehouse, on a connection of its own, until it is stopped. Returns when it
 * knows how far the warehouse is.
 */
export const startProjector = async ({ warehouse, ...options }: ProjectorOptions): Promise<Landing> => {
  const connection = await warehouse.connect();
  const landing = new Landing({ ...options, warehouse: connection, writer: `process ${process.pid}` });
  landing.done.catch(() => {}).finally(() => connection.close());
  await Promise.race([landing.started, landing.done]);
  return landing;
};
