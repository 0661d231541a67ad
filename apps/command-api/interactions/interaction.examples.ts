/** One good body for each command, in an order in which they can be run. */
export const interactionExamples = {
  RecordInteraction: {
    interactionId: 'i-7001',
    customerId: 'c-1001',
    occurredAt: '2024-03-12T11:20:00+01:00',
    channel: 'phone',
    direction: 'inbound',
    kind: 'call',
    contactReason: 'delivery',
    orderId: 'o-5001',
    durationSeconds: 310,
    cost: { amount: '4.20', currency: 'EUR' },
    agent: { kind: 'employee', id: 'agent-17' },
    sentiment: 'neutral',
    text: 'Asked when the parcel would come.',
  },
  VoidInteraction: {
    interactionId: 'i-7001',
    reason: 'wrong-customer',
    replacedBy: 'i-7002',
    note: 'It was her neighbour who called.',
    occurredAt: '2024-03-13',
  },
} as const;
