import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type CommandServer, startCommandServer } from '#test/support/command-server';
import { type CommandName, commandDtos } from './command-dtos.js';
import { commandExamples } from './command-examples.js';

/** Every route of a command, in an order in which the examples can be run. */
const routes: readonly (readonly [string, string, CommandName])[] = [
  ['POST', '/v1/customers', 'RegisterCustomer'],
  ['PATCH', '/v1/customers/{customerId}', 'ChangeCustomerDetails'],
  ['POST', '/v1/customers/{customerId}/tag', 'TagCustomer'],
  ['POST', '/v1/customers/{customerId}/untag', 'UntagCustomer'],
  ['POST', '/v1/customers/{customerId}/merge', 'MergeCustomer'],
  ['POST', '/v1/customers/{customerId}/undo-merge', 'UndoCustomerMerge'],
  ['POST', '/v1/interactions', 'RecordInteraction'],
  ['POST', '/v1/interactions/{interactionId}/void', 'VoidInteraction'],
  ['POST', '/v1/purchases', 'RecordPurchase'],
  ['POST', '/v1/purchases/{orderId}/returns', 'RecordReturn'],
  ['POST', '/v1/purchases/{orderId}/returns/{returnId}/void', 'VoidReturn'],
  ['POST', '/v1/purchases/{orderId}/void', 'VoidPurchase'],
  ['POST', '/v1/complaints', 'OpenComplaint'],
  ['POST', '/v1/complaints/{complaintId}/acknowledge', 'AcknowledgeComplaint'],
  ['POST', '/v1/complaints/{complaintId}/assign', 'AssignComplaint'],
  ['POST', '/v1/complaints/{complaintId}/send-on', 'SendComplaintOn'],
  ['POST', '/v1/complaints/{complaintId}/await-customer', 'AwaitCustomer'],
  ['POST', '/v1/complaints/{complaintId}/reclassify', 'ReclassifyComplaint'],
  ['POST', '/v1/complaints/{complaintId}/respond', 'AnswerComplaint'],
  ['POST', '/v1/complaints/{complaintId}/dispute', 'DisputeComplaint'],
  ['POST', '/v1/complaints/{complaintId}/redress', 'GrantRedress'],
  ['POST', '/v1/complaints/{complaintId}/resolve', 'ResolveComplaint'],
  ['POST', '/v1/complaints/{complaintId}/reopen', 'ReopenComplaint'],
  ['POST', '/v1/complaints/{complaintId}/close', 'CloseComplaint'],
  ['POST', '/v1/complaints/{complaintId}/satisfaction', 'ReportSatisfaction'],
  ['POST', '/v1/complaints/{complaintId}/void', 'VoidComplaint'],
  ['POST', '/v1/service-failures', 'RecordServiceFailure'],
  ['POST', '/v1/service-failures/{serviceFailureId}/void', 'VoidServiceFailure'],
  ['POST', '/v1/campaigns', 'PlanCampaign'],
  ['POST', '/v1/campaigns/{campaignId}/launch', 'LaunchCampaign'],
  ['POST', '/v1/campaigns/{campaignId}/members', 'AssignMember'],
  ['POST', '/v1/campaigns/{campaignId}/freeze', 'FreezeAudience'],
  ['POST', '/v1/campaigns/{campaignId}/touches', 'RecordTouch'],
  ['POST', '/v1/campaigns/{campaignId}/responses', 'RecordCampaignResponse'],
  ['POST', '/v1/campaigns/{campaignId}/cost', 'RecordCampaignCost'],
  ['POST', '/v1/campaigns/{campaignId}/end', 'EndCampaign'],
  ['POST', '/v1/customers/{customerId}/close', 'CloseCustomer'],
  ['POST', '/v1/customers/{customerId}/erase', 'EraseCustomer'],
];

/** Path and body of an example: what stands in the path is left out of the body. */
const requestOf = (template: string, type: CommandName) => {
  const body: Record<string, unknown> = { ...commandExamples[type] };
  const inPath: string[] = [];
  const path = template.replace(/\{(\w+)\}/g, (_, field: string) => {
    const id = String(body[field]);
    delete body[field];
    inPath.push(field);
    return encodeURIComponent(id);
  });
  return { path, body, inPath };
};

describe('the routes of commands', () => {
  let server: CommandServer;
  beforeAll(async () => {
    server = await startCommandServer();
    // Whom the examples need beside themselves: a customer to be merged, and a campaign drawn elsewhere.
    await server.send('POST', '/v1/customers', { customerId: 'c-1002', name: 'A. Winter' });
    const imported = { ...commandExamples.PlanCampaign, campaignId: 'autumn-2023', imported: true };
    await server.send('POST', '/v1/campaigns', imported);
    await server.send('POST', '/v1/campaigns/autumn-2023/launch', { occurredAt: '2023-09-01' });
  });
  afterAll(() => server.close());

  it('are there for every command from outside', () => {
    expect(routes.map(([, , type]) => type).sort()).toEqual(Object.keys(commandDtos).sort());
  });

  describe.each(routes)('%s %s', (method, template, type) => {
    const { path, body, inPath } = requestOf(template, type);
    const key = { 'idempotency-key': `key of ${type}` };

    it('refuses what is wrong, with path and reason, and appends nothing', async () => {
      const head = await server.eventStore.head();
      const answer = await server.send(method, path, { ...body, colour: 'red', occurredAt: 12 });
      expect(answer.status).toBe(422);
      expect(answer.headers.get('content-type')).toMatch('application/problem+json');
      expect(answer.body).toMatchObject({ code: 'validation-failed', status: 422 });
      expect(answer.body.errors).toContainEqual({ path: 'colour', reason: 'is not a known field' });
      expect(answer.body.errors).toContainEqual({ path: 'occurredAt', reason: 'must be a text' });
      for (const field of inPath) {
        const other = await server.send(method, path, { ...body, [field]: 'another' });
        expect(other.status).toBe(422);
        expect(other.body.errors).toEqual([{ path: field, reason: expect.any(String) }]);
      }
      expect(await server.eventStore.head()).toBe(head);
    });
    it('accepts its example, and knows it again', async () => {
      const answer = await server.send(method, path, body, key);
      expect(answer).toMatchObject({ status: 201, body: { status: 'accepted', stream: expect.any(String) } });
      expect(answer.headers.get('etag')).toBe(`"${answer.body.revision}"`);
      expect(answer.body.position).toBe(await server.eventStore.head());
      const again = await server.send(method, path, body, key);
      expect(again).toMatchObject({ status: 200, body: { status: 'repeated', stream: answer.body.stream } });
    });
  });

  it('make an id where there is none, and say where the new thing is', async () => {
    const made = await server.send('POST', '/v1/customers', { name: 'Nobody' }, { 'idempotency-key': 'k1' });
    expect(made.status).toBe(201);
    expect(made.body.customerId).toMatch(/^[0-9a-f-]{36}$/);
    expect(made.headers.get('location')).toBe(`/v1/customers/${made.body.customerId}`);
    expect((await server.send('GET', `/v1/customers/${made.body.customerId}`)).status).toBe(200);
  });
  it('take ids with any printable character in the path', async () => {
    const customerId = 'a/b c%?ü';
    const made = await server.send('POST', '/v1/customers', { customerId, name: 'Somebody' });
    const tagged = await server.send('POST', `${made.headers.get('location')}/tag`, { tag: 'x' });
    expect(tagged).toMatchObject({ status: 201, body: { customerId } });
  });
  it('take a command without a body where nothing is needed', async () => {
    const { complaintId: _id, ...complaint } = commandExamples.OpenComplaint;
    const ofAnother = { ...complaint, customerId: 'c-1002' };
    const { body: opened } = await server.send('POST', '/v1/complaints', ofAnother);
    const closed = await server.send('POST', `/v1/complaints/${opened.complaintId}/close`);
    expect(closed.status).toBe(201);
  });
  it('know the same fact again whatever the key, and refuse another under the same id', async () => {
    const purchase = { ...commandExamples.RecordPurchase, orderId: 'o-9', customerId: 'c-9' };
    expect((await server.send('POST', '/v1/purchases', purchase)).status).toBe(201);
    expect((await server.send('POST', '/v1/purchases', purchase)).status).toBe(200);
    const other = await server.send('POST', '/v1/purchases', { ...purchase, channel: 'store' });
    expect(other).toMatchObject({ status: 409, body: { code: 'purchase-exists' } });
  });
  it('keep an expected revision', async () => {
    const tag = (revision: string, name: string) =>
      server.send('POST', '/v1/customers/c-1002/tag', { tag: name }, { 'if-match': revision });
    const { headers } = await server.send('GET', '/v1/customers/c-1002');
    expect((await tag(headers.get('etag') as string, 'x')).status).toBe(201);
    expect(await tag(headers.get('etag') as string, 'y')).toMatchObject({
      status: 412,
      body: { code: 'wrong-revision' },
    });
  });
  it('record returns without an order', async () => {
    const { orderId: _none, ...goods } = commandExamples.RecordReturn;
    const made = await server.send('POST', '/v1/returns', goods);
    expect(made).toMatchObject({ status: 201, body: { stream: 'return-r-1' } });
    const voided = await server.send('POST', '/v1/returns/r-1/void', { reason: 'test' });
    expect(voided).toMatchObject({ status: 201, body: { stream: 'return-r-1' } });
    expect((await server.send('POST', '/v1/returns', { ...goods, refund: undefined })).status).toBe(422);
  });
  it('answer a wrong method and a path that is none', async () => {
    expect(await server.send('DELETE', '/v1/purchases')).toMatchObject({ status: 405 });
    expect(await server.send('POST', '/v1/purchases/o-1/love')).toMatchObject({ status: 404 });
  });
});
