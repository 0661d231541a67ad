export * from './errors.js';
export * from './histories.js';
export type { Convergence } from './minimise.js';
export * from './model.js';
