/** An amount as a decimal string in the currency's own scale or less, and its ISO 4217 code. */
export interface Money {
  readonly amount: string;
  readonly currency: string;
}
