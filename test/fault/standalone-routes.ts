import type { CommandName } from '#apps/command-api/command-dtos';
import type { StoryCommand } from './standalone-stories.js';

/** The route of every command of the stories; what stands in braces is a field of the command. */
const ROUTES: Partial<Record<CommandName, string>> = {
  RegisterCustomer: 'POST /v1/customers',
  ChangeCustomerDetails: 'PATCH /v1/customers/{customerId}',
  TagCustomer: 'POST /v1/customers/{customerId}/tag',
  UntagCustomer: 'POST /v1/customers/{customerId}/untag',
  MergeCustomer: 'POST /v1/customers/{customerId}/merge',
  UndoCustomerMerge: 'POST /v1/customers/{customerId}/undo-merge',
  CloseCustomer: 'POST /v1/customers/{customerId}/close',
  EraseCustomer: 'POST /v1/customers/{customerId}/erase',
  RecordPurchase: 'POST /v1/purchases',
  VoidPurchase: 'POST /v1/purchases/{orderId}/void',
  RecordReturn: 'POST /v1/purchases/{orderId}/returns',
  VoidReturn: 'POST /v1/purchases/{orderId}/returns/{returnId}/void',
  RecordInteraction: 'POST /v1/interactions',
  VoidInteraction: 'POST /v1/interactions/{interactionId}/void',
  RecordServiceFailure: 'POST /v1/service-failures',
  VoidServiceFailure: 'POST /v1/service-failures/{serviceFailureId}/void',
  OpenComplaint: 'POST /v1/complaints',
  AcknowledgeComplaint: 'POST /v1/complaints/{complaintId}/acknowledge',
  AssignComplaint: 'POST /v1/complaints/{complaintId}/assign',
  AnswerComplaint: 'POST /v1/complaints/{complaintId}/respond',
  DisputeComplaint: 'POST /v1/complaints/{complaintId}/dispute',
  GrantRedress: 'POST /v1/complaints/{complaintId}/redress',
  ResolveComplaint: 'POST /v1/complaints/{complaintId}/resolve',
  CloseComplaint: 'POST /v1/complaints/{complaintId}/close',
  ReportSatisfaction: 'POST /v1/complaints/{complaintId}/satisfaction',
  VoidComplaint: 'POST /v1/complaints/{complaintId}/void',
  PlanCampaign: 'POST /v1/campaigns',
  LaunchCampaign: 'POST /v1/campaigns/{campaignId}/launch',
  AssignMember: 'POST /v1/campaigns/{campaignId}/members',
  FreezeAudience: 'POST /v1/campaigns/{campaignId}/freeze',
  RecordTouch: 'POST /v1/campaigns/{campaignId}/touches',
  RecordCampaignResponse: 'POST /v1/campaigns/{campaignId}/responses',
  RecordCampaignCost: 'POST /v1/campaigns/{campaignId}/cost',
  EndCampaign: 'POST /v1/campaigns/{campaignId}/end',
};

/** Where a command is sent when it is sent alone. */
export const routeOf = ({ type, data }: Pick<StoryCommand, 'type' | 'data'>) => {
  const [method, template] = ROUTES[type]?.split(' ') ?? [];
  if (!method || !template) throw new Error(`${type} has no route here`);
  const path = template.replaceAll(/\{(\w+)\}/g, (_, field: string) =>
    encodeURIComponent(String(data[field])),
  );
  return { method, path };
};
