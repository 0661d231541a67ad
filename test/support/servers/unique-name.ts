import { randomBytes } from 'node:crypto';

/** A name that no other suite uses, good for topics, groups, databases and schemas. */
export const uniqueName = (what: string): string => `${what}_${randomBytes(6).toString('hex')}`;
