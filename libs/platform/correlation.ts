import { AsyncLocalStorage } from 'node:async_hooks';

const current = new AsyncLocalStorage<string>();

/** Everything that `work` does, however late, belongs to this correlation id: log lines carry it. */
export const withCorrelation = <T>(correlationId: string, work: () => T): T =>
  current.run(correlationId, work);

export const correlationId = (): string | undefined => current.getStore();
