import type { Type } from '@nestjs/common';
import { CampaignsController } from './campaigns/campaigns.controller.js';
import { ComplaintsController } from './complaints/complaints.controller.js';
import { CustomersController } from './customers/customers.controller.js';
import { InteractionsController } from './interactions/interactions.controller.js';
import { PurchasesController } from './purchases/purchases.controller.js';
import { ReturnsController } from './purchases/returns.controller.js';
import { ServiceFailuresController } from './service-failures/service-failures.controller.js';

/** One controller for each resource; its routes are the commands on it. */
export const resourceControllers: readonly Type[] = [
  CustomersController,
  InteractionsController,
  PurchasesController,
  ReturnsController,
  ComplaintsController,
  ServiceFailuresController,
  CampaignsController,
];
