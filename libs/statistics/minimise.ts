/** How a minimisation ended. */
export interface Convergence {
  readonly converged: boolean;
  readonly iterations: number;
  readonly evaluations: number;
  /** Largest absolute component of the gradient at the end. */
  readonly gradientNorm: number;
}
