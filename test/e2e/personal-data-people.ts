// A thousand people who do not exist. Every word that is personal holds one of these markers, and nothing else does.

export const MARKERS = [
  'Quastenflosse',
  'nachtfalterpost',
  '15127654',
  'Krähenwinkel',
  'NF97531X',
  'Mondscheinsonate',
];

export const PEOPLE = 1_000;
/** So many of them have everything happen to them that can be told in free text. */
const TALKATIVE = 200;
const CAMPAIGN = 'letters';

export interface Line {
  readonly type: string;
  readonly id: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export const person = (number: number) => ({
  customerId: `p-${number}`,
  name: `Quastenflosse-${number} Quastenflosse`,
  email: `Quastenflosse.${number}@Nachtfalterpost.example`,
  phone: `+4915127654${String(number).padStart(3, '0')}`,
  address: {
    street: `Am Krähenwinkel ${number}`,
    postalCode: 'NF97531X',
    city: 'Krähenwinkel',
    country: 'DE',
  },
});

export const newEmail = (number: number): string => `neu.${number}@nachtfalterpost.example`;

const said = (what: string): string => `Mondscheinsonate: ${what}, says Quastenflosse in KRÄHENWINKEL.`;
const euros = (amount: string) => ({ amount, currency: 'EUR' });

/** Everything that happens to somebody, in its order. */
export const linesOf = (number: number): Line[] => {
  const { customerId, ...details } = person(number);
  const [interactionId, complaintId] = [`i-${number}`, `k-${number}`];
  let count = 0;
  const line = (type: string, data: Line['data']): Line => {
    count += 1;
    return { type, id: `${customerId}-${count}`, data };
  };
  const day = { occurredAt: '2024-03-01' };
  const lines = [
    line('RegisterCustomer', { customerId, stage: 'customer', ...details, notes: said('notes') }),
    line('ChangeCustomerDetails', { customerId, email: newEmail(number), notes: said('other notes') }),
    line('RecordInteraction', { interactionId, customerId, channel: 'phone', text: said('hello'), ...day }),
    line('OpenComplaint', {
      ...{ complaintId, customerId, channel: 'post', category: 'delivery', description: said('late') },
      ...day,
    }),
    line('AnswerComplaint', { complaintId, outcome: 'apology', response: said('sorry') }),
  ];
  return number < TALKATIVE ? [...lines, ...furtherLines(number, line)] : lines;
};

const furtherLines = (number: number, line: (type: string, data: Line['data']) => Line): Line[] => {
  const customerId = `p-${number}`;
  const [orderId, complaintId, serviceFailureId] = [`o-${number}`, `k-${number}`, `f-${number}`];
  const day = { occurredAt: '2024-03-01' };
  const lines = [{ sku: 'cup', quantity: 2, unitPrice: euros('5.00') }];
  const bought = { customerId, total: euros('10.00'), lines, ...day };
  const reason = 'entered-in-error';
  const failure = { serviceFailureId, kind: 'late-delivery', ...day };
  return [
    line('VoidInteraction', { interactionId: `i-${number}`, reason, note: said('not me') }),
    line('RecordPurchase', { orderId, ...bought }),
    line('RecordReturn', {
      ...{ orderId, returnId: 'r', reason: 'damaged', lines: [{ sku: 'cup', quantity: 1 }] },
      refund: euros('5.00'),
      ...{ note: said('broken'), ...day },
    }),
    line('VoidReturn', { orderId, returnId: 'r', reason, note: said('kept it') }),
    line('RecordPurchase', { orderId: `${orderId}-2`, ...bought }),
    line('VoidPurchase', { orderId: `${orderId}-2`, reason, note: said('never bought it') }),
    line('AcknowledgeComplaint', { complaintId, note: said('is ill') }),
    line('SendComplaintOn', { complaintId, to: 'Porcelain Works', note: said('knows them') }),
    line('DisputeComplaint', { complaintId, reason: 'wants-refund', note: said('too little') }),
    line('CloseComplaint', { complaintId, reason: 'settled', note: said('content') }),
    line('RecordServiceFailure', {
      ...{ ...failure, affectedCustomers: [customerId] },
      description: said('depot'),
    }),
    line('VoidServiceFailure', { serviceFailureId, reason, note: said('no depot') }),
    // Of nobody in particular: its key belongs to the stream.
    line('RecordServiceFailure', {
      ...failure,
      serviceFailureId: `${serviceFailureId}-2`,
      description: said('x'),
    }),
    line('AssignMember', { campaignId: CAMPAIGN, customerId, arm: 'letter' }),
    line('RecordCampaignResponse', { campaignId: CAMPAIGN, customerId, kind: 'reply', note: said('thanks') }),
    line('CloseCustomer', { customerId, initiator: 'customer', note: said('moves away') }),
  ];
};

/** What the responses of the talkative need first. */
export const campaignLines: readonly Line[] = [
  {
    type: 'PlanCampaign',
    id: 'plan',
    data: {
      ...{ campaignId: CAMPAIGN, name: 'Letters', goal: 'thanks', phase: 'retention', channel: 'post' },
      ...{ imported: true, arms: [{ name: 'letter', share: 1 }] },
    },
  },
  { type: 'LaunchCampaign', id: 'launch', data: { campaignId: CAMPAIGN } },
];

export interface BadRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Requests full of what is personal, none of which is any good. */
export const badRequests = (number: number): BadRequest[] => {
  const { customerId, ...details } = person(number);
  const all = { customerId: `bad-${number}`, ...details };
  const post = (path: string, body: unknown, headers = {}): BadRequest => ({
    method: 'POST',
    path,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });
  const email = encodeURIComponent(details.email);
  const text = said('bad');
  return [
    post('/v1/customers', { customerId, ...details, name: 'Quastenflosse the other' }),
    post('/v1/customers', { ...all, customerId: details.email }),
    post('/v1/customers', { ...all, customerId: details.phone }),
    post('/v1/customers', { ...all, stage: details.name, kind: details.email }),
    post('/v1/customers', { ...all, email: details.name }),
    post('/v1/customers', { ...all, email: 17, name: [details.name], address: text }),
    post('/v1/customers', { ...all, source: { channel: details.email } }),
    post('/v1/customers', { ...all, source: { channel: text.repeat(2) } }),
    post('/v1/customers', { ...all, attributes: { country: details.email } }),
    post('/v1/customers', { ...all, occurredAt: text }),
    post('/v1/customers', { ...all, name: text.repeat(2_000) }),
    post('/v1/customers', `{"name":"${details.name}","email":${details.email}}`),
    post('/v1/customers', `name=${details.name}`, { 'content-type': 'application/x-www-form-urlencoded' }),
    post('/v1/customers', all, { 'idempotency-key': details.email }),
    post('/v1/customers', all, { 'if-match': details.email }),
    post('/v1/customers/nobody/tag', { tag: details.email }),
    post(`/v1/customers/${email}/close`, { initiator: details.name, note: text }),
    { method: 'GET', path: `/v1/customers/${email}` },
    { method: 'GET', path: `/v1/complaints/${encodeURIComponent(details.phone)}` },
    { method: 'GET', path: `/v1/campaigns/${email}` },
    { method: 'GET', path: `/v1/customers/${email}/timeline?limit=${email}` },
    { method: 'GET', path: `/v1/customers/${email}/export` },
    { method: 'GET', path: `/v1/customers?email=${email}&phone=${encodeURIComponent(details.phone)}` },
    { method: 'GET', path: `/v1/quastenflosse/${email}?name=${encodeURIComponent(details.name)}` },
    { method: 'DELETE', path: `/v1/customers/${email}` },
    post('/v1/interactions', {
      interactionId: `bad-${number}`,
      channel: details.email,
      text,
      occurredAt: '2024-01-01',
    }),
    post('/v1/interactions', {
      interactionId: `i-${number}`,
      customerId,
      channel: 'chat',
      text,
      occurredAt: '2024-01-01',
    }),
    post('/v1/complaints', {
      complaintId: `k-${number}`,
      customerId,
      channel: 'post',
      category: 'x',
      description: text,
    }),
    post('/v1/complaints/nothing/respond', { response: text, outcome: details.name }),
    post('/v1/purchases/nothing/void', { reason: text, note: text }),
    post('/v1/campaigns/nothing/responses', { customerId, kind: 'reply', note: text }),
  ];
};
