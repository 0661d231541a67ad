import { Agent, request } from 'node:http';

/** Begins with a word that stands nowhere else. */
export const API_KEY = 'geheimniskraemer-0123456789';

export interface Reply {
  readonly status: number;
  readonly body: string;
}

/** A purchase that was sent, and what its sender was told. */
export interface Sent {
  readonly orderId: string;
  /** Undefined: no answer came, or it was cut off. */
  readonly answer?: 'accepted' | 'refused';
}

/** A request by a connection that is kept, as most callers do. @throws what happens to the connection */
export const call = (
  url: string,
  {
    method = 'GET',
    body = '',
    type = 'application/json',
    headers = {},
    agent,
  }: {
    readonly method?: string;
    readonly body?: string;
    readonly type?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly agent?: Agent;
  } = {},
): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const sending = request(url, {
      method,
      agent,
      headers: { 'content-type': type, authorization: `Bearer ${API_KEY}`, ...headers },
    });
    sending.once('error', reject).once('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      response.once('error', reject).once('end', () => resolve({ status: response.statusCode!, body: text }));
    });
    sending.end(body);
  });

export const purchase = (orderId: string) => ({
  orderId,
  customerId: `customer-${orderId}`,
  occurredAt: '2025-05-01T10:00:00Z',
  total: { amount: '12.34', currency: 'EUR' },
});

/** Callers who send purchases without pause, singly and in batches, until the server is gone. */
export class PurchaseLoad {
  readonly sent: Sent[] = [];
  readonly ended: Promise<unknown>;
  private readonly agent = new Agent({ keepAlive: true });

  constructor(
    private readonly url: string,
    { single, batch }: { readonly single: number; readonly batch: number },
  ) {
    this.ended = Promise.all([
      ...Array.from({ length: single }, (_, i) => this.sendSingly(`single-${i}`)),
      ...Array.from({ length: batch }, (_, i) => this.sendBatches(`batch-${i}`)),
    ]).finally(() => this.agent.destroy());
  }

  get accepted(): Sent[] {
    return this.sent.filter(({ answer }) => answer === 'accepted');
  }

  private async sendSingly(caller: string): Promise<void> {
    for (let n = 0; ; n++) {
      const orderId = `${caller}-${n}`;
      try {
        const { status } = await call(`${this.url}/v1/purchases`, {
          method: 'POST',
          body: JSON.stringify(purchase(orderId)),
          agent: this.agent,
        });
        this.sent.push({ orderId, answer: status === 201 ? 'accepted' : 'refused' });
        if (status !== 201) return;
      } catch {
        this.sent.push({ orderId });
        return;
      }
    }
  }

  private async sendBatches(caller: string): Promise<void> {
    for (let n = 0; ; n++) {
      const orders = Array.from({ length: 300 }, (_, i) => `${caller}-${n}-${i}`);
      const lines = orders.map((orderId) =>
        JSON.stringify({ type: 'RecordPurchase', id: orderId, data: purchase(orderId) }),
      );
      let reply: Reply;
      try {
        reply = await call(`${this.url}/v1/commands`, {
          method: 'POST',
          type: 'application/x-ndjson',
          body: `${lines.join('\n')}\n`,
          agent: this.agent,
        });
      } catch {
        this.sent.push(...orders.map((orderId) => ({ orderId })));
        return;
      }
      const answers = reply.status === 200 ? reply.body.trim().split('\n') : [];
      for (const [i, orderId] of orders.entries()) {
        const { status } = JSON.parse(answers[i] ?? '{}') as { status?: string };
        this.sent.push({ orderId, answer: status === 'accepted' ? 'accepted' : 'refused' });
      }
      if (answers.some((answer) => answer.includes('"rejected"')) || reply.status !== 200) return;
    }
  }
}
