import {
  bgNbd,
  type Fit,
  fitBgNbd,
  fitMbgNbd,
  fitParetoNbd,
  type GroupedHistories,
  mbgNbd,
  type PurchaseModel,
  type PurchaseModelName,
  paretoNbd,
} from '#statistics/index';

export const purchaseModelNames = [
  'bg-nbd',
  'mbg-nbd',
  'pareto-nbd',
] as const satisfies readonly PurchaseModelName[];

export interface FittedModel {
  readonly fit: Fit<string, string>;
  readonly model: PurchaseModel;
}

/** @throws DegenerateData when the histories cannot tell the parameters */
export const fitPurchaseModel = (name: PurchaseModelName, histories: GroupedHistories): FittedModel => {
  switch (name) {
    case 'bg-nbd': {
      const fit = fitBgNbd(histories);
      return { fit, model: bgNbd(fit.parameters) };
    }
    case 'mbg-nbd': {
      const fit = fitMbgNbd(histories);
      return { fit, model: mbgNbd(fit.parameters) };
    }
    case 'pareto-nbd': {
      const fit = fitParetoNbd(histories);
      return { fit, model: paretoNbd(fit.parameters) };
    }
    default:
      return name satisfies never;
  }
};
