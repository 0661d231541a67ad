import { campaignExamples } from './campaigns/campaign.examples.js';
import type { CommandName } from './command-dtos.js';
import { complaintExamples } from './complaints/complaint.examples.js';
import { customerExamples } from './customers/customer.examples.js';
import { interactionExamples } from './interactions/interaction.examples.js';
import { purchaseExamples } from './purchases/purchase.examples.js';
import { serviceFailureExamples } from './service-failures/service-failure.examples.js';

/** One good body for each command that may come from outside, for the documentation; a test runs them. */
export const commandExamples: Readonly<Record<CommandName, Readonly<Record<string, unknown>>>> = {
  ...customerExamples,
  ...interactionExamples,
  ...purchaseExamples,
  ...complaintExamples,
  ...serviceFailureExamples,
  ...campaignExamples,
};
