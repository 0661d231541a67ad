import { describe, expect, it } from '@jest/globals';
import { type CrmCommand, commandTypes, eventTypes, upcasters } from './catalogue.js';

/** The compiler sees to it that no command is missing here, the test that none is missing in the catalogue. */
const everyCommand: Readonly<Record<CrmCommand['type'], true>> = {
  RegisterCustomer: true,
  ChangeCustomerDetails: true,
  TagCustomer: true,
  UntagCustomer: true,
  CloseCustomer: true,
  EraseCustomer: true,
  MergeCustomer: true,
  AcceptMerge: true,
  CompleteMerge: true,
  ReleaseMerge: true,
  UndoCustomerMerge: true,
  AcceptMergeUndo: true,
  CompleteMergeUndo: true,
  RecordInteraction: true,
  VoidInteraction: true,
  RecordPurchase: true,
  VoidPurchase: true,
  RecordReturn: true,
  VoidReturn: true,
  OpenComplaint: true,
  AcknowledgeComplaint: true,
  AssignComplaint: true,
  SendComplaintOn: true,
  AwaitCustomer: true,
  AnswerComplaint: true,
  DisputeComplaint: true,
  ReclassifyComplaint: true,
  GrantRedress: true,
  ResolveComplaint: true,
  ReopenComplaint: true,
  CloseComplaint: true,
  ReportSatisfaction: true,
  VoidComplaint: true,
  RecordServiceFailure: true,
  VoidServiceFailure: true,
  PlanCampaign: true,
  LaunchCampaign: true,
  SelectAudience: true,
  FreezeSelectedAudience: true,
  FailLaunch: true,
  FreezeAudience: true,
  EndCampaign: true,
  RecordCampaignCost: true,
  AssignSelectedMember: true,
  AssignMember: true,
  RecordTouch: true,
  RecordCampaignResponse: true,
  RecordModelRun: true,
  RecordModelRunFailure: true,
};

describe('the catalogue', () => {
  it('lists every command once', () => {
    const listed = commandTypes.map(({ type }) => type);
    expect([...listed].sort()).toEqual(Object.keys(everyCommand).sort());
  });

  it('describes every event in one sentence', () => {
    for (const { description } of eventTypes) expect(description).toMatch(/^[A-Z][^.]*\.$/);
    expect(new Set(eventTypes.map(({ type }) => type)).size).toBe(eventTypes.length);
  });

  it('writes events in the version after the last upcaster', () => {
    for (const { type, schemaVersion } of eventTypes) {
      const steps = upcasters.filter((upcaster) => upcaster.type === type);
      expect(steps.map(({ fromVersion }) => fromVersion).sort()).toEqual(steps.map((_, index) => index + 1));
      expect(schemaVersion).toBe(steps.length + 1);
    }
  });
});
