import type { DtoClass } from './validation/nested-type.js';

/** How the body of a command is checked, and brought into the form that the domain takes. */
export interface CommandDto {
  readonly type: DtoClass;
  /** What callers may write in several ways becomes one; runs after the check. */
  readonly normalise?: (body: never) => object;
}

/** By command type; every command that may come from outside has one. */
export const commandDtos: Readonly<Record<string, CommandDto>> = {};
