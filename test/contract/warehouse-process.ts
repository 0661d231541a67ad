import { runTs, type TsProcess } from '#test/support/run-ts';

export interface WarehouseProcess {
  readonly url: string;
  readonly process: TsProcess;
}

/** The warehouse as a process of its own, on a data directory; its address is taken again by whoever gives the port. */
export const startWarehouseProcess = async (
  dir: string,
  {
    port = 0,
    args = [],
    env = {},
  }: {
    readonly port?: number;
    readonly args?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): Promise<WarehouseProcess> => {
  const process = runTs('apps/warehouse/main.ts', ['--port', String(port), '--data', dir, ...args], {
    env: { UV_THREADPOOL_SIZE: '12', ...env },
  });
  const line = await process.waitForLine(/^warehouse answers at /);
  return { url: line.slice(line.indexOf('http')), process };
};
