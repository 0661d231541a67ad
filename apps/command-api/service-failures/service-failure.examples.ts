/** One good body for each command, in an order in which they can be run. */
export const serviceFailureExamples = {
  RecordServiceFailure: {
    serviceFailureId: 'f-9001',
    occurredAt: '2024-03-14',
    kind: 'late-delivery',
    severity: 'medium',
    orderId: 'o-5001',
    affectedCustomers: ['c-1001'],
    affectedCount: 1,
    detectedBy: 'monitoring',
    description: 'The parcel lay in the wrong depot for three days.',
  },
  VoidServiceFailure: {
    serviceFailureId: 'f-9001',
    reason: 'entered-in-error',
    note: 'The depot had scanned it late.',
    occurredAt: '2024-03-15',
  },
} as const;
