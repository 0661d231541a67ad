import { v5 } from 'uuid';

/** Our own name space, so that ids made here never meet those of other systems. */
const NAMESPACE = 'b6b0c3f4-5d6e-5a2f-9c1d-7e8f90a1b2c3';

/** The same append made twice carries the same event ids. */
export const eventId = (stream: string, commandId: string, index: number): string =>
  v5(`event\n${stream}\n${commandId}\n${index}`, NAMESPACE);

/** The id a server makes when the caller left it out: the same command sent again gets the same id. */
export const serverMadeId = (actor: string, commandId: string): string =>
  v5(`id\n${actor}\n${commandId}`, NAMESPACE);

/** A command that follows from an event: deciding twice gives the same command. */
export const followUpCommandId = (policy: string, causeEventId: string, target = ''): string =>
  v5(`command\n${policy}\n${causeEventId}\n${target}`, NAMESPACE);

export const MAX_ID_LENGTH = 200;

/** What nearly all ids are; spares them the slower looks. */
const PLAIN_ID = /^[A-Za-z0-9._:/-]{1,200}$/;

/** Why an id from outside is not acceptable; undefined when it is. Ids stay in the clear for ever. */
export const idProblem = (id: string): string | undefined => {
  if (PLAIN_ID.test(id)) return undefined;
  if (id.length === 0) return 'must not be empty';
  if (id.length > MAX_ID_LENGTH) return `must have at most ${MAX_ID_LENGTH} characters`;
  if (!/^[\p{L}\p{N}\p{P}\p{S} ]+$/u.test(id)) return 'must consist of printable characters';
  if (id !== id.trim()) return 'must not begin or end with a space';
  if (id.includes('@') && /[^\s@]@[^\s@]+\.[^\s@]/.test(id))
    return 'must not be an e-mail address: ids stay in the clear';
  if (/^(tel:)?\+[\d\s()./-]{7,}$/.test(id)) return 'must not be a telephone number: ids stay in the clear';
  return undefined;
};

/** An id as it may stand in a message: what can be no id, an e-mail address for instance, is not said again. */
export const quoted = (id: string): string => (idProblem(id) === undefined ? id : 'under this id');
