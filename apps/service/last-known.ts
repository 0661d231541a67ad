const AGAIN_MS = 10_000;

/**
 * What somebody said last, asked anew now and then: whoever asks for health or metrics must not wait for it.
 * Undefined until there was an answer; a failure leaves the answer before.
 */
export const lastKnown = <Answer>(
  ask: () => Promise<Answer>,
  againMs = AGAIN_MS,
): (() => Answer | undefined) => {
  let known: Answer | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  let asking = false;
  const askAgain = async () => {
    asking = true;
    askedAt = performance.now();
    known = await ask().catch(() => known);
    asking = false;
  };
  return () => {
    if (!asking && performance.now() - askedAt > againMs) void askAgain();
    return known;
  };
};
