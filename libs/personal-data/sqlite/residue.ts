import { open } from 'node:fs/promises';

const CHUNK_BYTES = 4 * 2 ** 20;

/** Whether any of these byte strings stands anywhere in the file. Reads it in pieces and lets others work between. */
export const fileHolds = async (file: string, needles: readonly Buffer[]): Promise<boolean> => {
  if (needles.length === 0) return false;
  const overlap = Math.max(0, ...needles.map(({ length }) => length - 1));
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const chunk = Buffer.alloc(CHUNK_BYTES + overlap);
    for (let from = 0; from < size; from += CHUNK_BYTES) {
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, from);
      const read = chunk.subarray(0, bytesRead);
      if (needles.some((needle) => read.includes(needle))) return true;
    }
    return false;
  } finally {
    await handle.close();
  }
};
