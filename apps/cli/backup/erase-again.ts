import { randomUUID } from 'node:crypto';
import { problemOf, type Target } from '../target.js';

interface Answer {
  readonly status: 'accepted' | 'repeated' | 'rejected';
}

/** Lines of one request. */
const AT_ONCE = 5_000;

/**
 * Tells the event store who was erased since the backup: the keys are gone by now, the event that says so is not there.
 * Somebody who was merged into another is erased with the other, so who is refused at first is asked for again.
 */
export const eraseAgain = async (
  target: Target,
  owners: readonly string[],
  step: (text: string) => void,
): Promise<{ erased: number; refused: string[] }> => {
  let erased = 0;
  let left = [...owners];
  for (let before = -1; left.length > 0 && left.length !== before; ) {
    before = left.length;
    const refused: string[] = [];
    for (let from = 0; from < left.length; from += AT_ONCE) {
      const some = left.slice(from, from + AT_ONCE);
      step(`erasures again: ${from} of ${left.length}`);
      const answers = await send(target, some);
      answers.forEach((answer, index) => {
        if (answer.status === 'accepted') erased += 1;
        if (answer.status === 'rejected') refused.push(some[index] as string);
      });
    }
    left = refused;
  }
  return { erased, refused: left };
};

const send = async (target: Target, customerIds: readonly string[]): Promise<Answer[]> => {
  const lines = customerIds.map(
    (customerId) => `${JSON.stringify({ type: 'EraseCustomer', id: randomUUID(), data: { customerId } })}\n`,
  );
  const response = await target.request('/v1/commands', {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: lines.join(''),
  });
  if (!response.ok) throw await problemOf(response);
  return (await response.text())
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Answer);
};
