import { campaignDtos } from './campaigns/campaign.dto.js';
import { campaignMemberDtos } from './campaigns/campaign-member.dto.js';
import { complaintDtos } from './complaints/complaint.dto.js';
import { customerDtos } from './customers/customer.dto.js';
import { interactionDtos } from './interactions/interaction.dto.js';
import { purchaseDtos } from './purchases/purchase.dto.js';
import { serviceFailureDtos } from './service-failures/service-failure.dto.js';
import type { DtoClass } from './validation/nested-type.js';

/** How the body of a command is checked, and brought into the form that the domain takes. */
export interface CommandDto {
  readonly type: DtoClass;
  /** What callers may write in several ways becomes one; runs after the check. */
  readonly normalise?: (body: never) => object;
}

const dtos = {
  ...customerDtos,
  ...interactionDtos,
  ...purchaseDtos,
  ...complaintDtos,
  ...serviceFailureDtos,
  ...campaignDtos,
  ...campaignMemberDtos,
} as const satisfies Readonly<Record<string, CommandDto>>;

/** The type of every command that may come from outside. */
export type CommandName = keyof typeof dtos;
export type CommandBody<Name extends CommandName> = InstanceType<(typeof dtos)[Name]['type']>;

/** By command type; every command that may come from outside has one. */
export const commandDtos: Readonly<Record<string, CommandDto>> = dtos;
