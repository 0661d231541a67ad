import { Day, Fraction, Matching, OneOf, Whole } from '#apps/command-api/validation/fields';
import { modelPurposes, timeUnits } from '#crm/model-run/model-run-types';
import { type ModelRunRequest, purchaseModelNames } from './model-run.js';

export class ModelRunDto implements ModelRunRequest {
  @OneOf(modelPurposes, { description: 'What to compute.', example: 'clv' })
  purpose!: ModelRunRequest['purpose'];

  @Day({
    optional: true,
    description: 'Business date up to and including which events count. Default: yesterday.',
    example: '1997-09-30',
  })
  asOf?: string;

  @Whole({
    optional: true,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    description: 'Position up to and including which events were known. Default: all that has landed.',
  })
  knownAt?: number;

  @OneOf(timeUnits, {
    optional: true,
    description: 'Unit of time of the model. Default: week.',
    example: 'week',
  })
  timeUnit?: ModelRunRequest['timeUnit'];

  @OneOf(purchaseModelNames, { optional: true, description: 'Model of repeat buying. Default: bg-nbd.' })
  model?: ModelRunRequest['model'];

  @Matching({
    optional: true,
    form: /^[A-Z]{3}$/,
    max: 3,
    reason: 'must be an ISO 4217 code like EUR',
    description: 'Only purchases in this currency; needed where there are several.',
    example: 'USD',
  })
  currency?: string;

  @Whole({ optional: true, min: 1, max: 600, description: 'clv: months of the horizon. Default: 12.' })
  months?: number;

  @Fraction({ optional: true, min: 0, max: 1, description: 'clv: discount rate per month. Default: 0.01.' })
  discountPerMonth?: number;

  @Whole({ optional: true, min: 1, max: 3650, description: 'churn: days of the horizon. Default: 90.' })
  horizonDays?: number;
}
