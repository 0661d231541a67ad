import { voidReasons } from '#crm/voiding';
import { ReasonCode } from './crm-fields.js';
import { Id } from './fields.js';

export const VoidReason = (): PropertyDecorator =>
  ReasonCode({
    description: `Why it is not to be counted, as a code. Reports know ${voidReasons.join(', ')}.`,
    example: 'entered-in-error',
  });

export const ReplacedBy = (description: string, example: string): PropertyDecorator =>
  Id({ optional: true, description, example });
