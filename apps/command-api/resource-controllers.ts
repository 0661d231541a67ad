import type { Type } from '@nestjs/common';

/** One controller for each resource; its routes are the commands on it. */
export const resourceControllers: readonly Type[] = [];
