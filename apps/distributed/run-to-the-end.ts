import { type LaunchOptions, launch } from './servers/launched-process.js';
import { StartFailure } from './servers/start-failure.js';

/** Runs a job of node that ends. @throws StartFailure with the end of its log when it fails */
export const runToTheEnd = async (
  name: string,
  args: readonly string[],
  options: LaunchOptions,
): Promise<void> => {
  const job = await launch(process.execPath, args, options);
  const { code } = await job.exited;
  if (code !== 0) throw new StartFailure(`${name} failed:\n${job.endOfLog()}`);
};
