import { type BgNbdFit, type BgNbdParameters, bgNbd, fitBgNbd } from './bg-nbd.js';
import type { GroupedHistories } from './histories.js';
import { fitMbgNbd, type MbgNbdFit, mbgNbd } from './mbg-nbd.js';
import type { PurchaseModel, PurchaseModelName } from './model.js';
import { fitParetoNbd, type ParetoNbdFit, type ParetoNbdParameters, paretoNbd } from './pareto-nbd.js';

export type PurchaseFit = BgNbdFit | MbgNbdFit | ParetoNbdFit;

/**
 * The model of that name with the parameters of a fit, which may have been stored meanwhile.
 * @throws InvalidInput `impossible-parameter` for one that is missing or outside its range
 */
export const purchaseModel = (
  name: PurchaseModelName,
  parameters: Readonly<Record<string, number>>,
): PurchaseModel => {
  switch (name) {
    case 'bg-nbd':
      return bgNbd(parameters as unknown as BgNbdParameters);
    case 'mbg-nbd':
      return mbgNbd(parameters as unknown as BgNbdParameters);
    case 'pareto-nbd':
      return paretoNbd(parameters as unknown as ParetoNbdParameters);
    default:
      return name satisfies never;
  }
};

/** Fits the model of that name. @throws as `fitBgNbd` */
export const fitPurchaseModel = (name: PurchaseModelName, groups: GroupedHistories): PurchaseFit => {
  switch (name) {
    case 'bg-nbd':
      return fitBgNbd(groups);
    case 'mbg-nbd':
      return fitMbgNbd(groups);
    case 'pareto-nbd':
      return fitParetoNbd(groups);
    default:
      return name satisfies never;
  }
};
