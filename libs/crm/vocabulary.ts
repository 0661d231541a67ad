export const severities = ['low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof severities)[number];

export const directions = ['inbound', 'outbound'] as const;
export type Direction = (typeof directions)[number];

export const sentiments = ['negative', 'neutral', 'positive'] as const;
export type Sentiment = (typeof sentiments)[number];

/** Channels that reports know by name; a company may use codes of its own beside them. */
export const knownChannels = [
  'store',
  'phone',
  'email',
  'web',
  'app',
  'social',
  'post',
  'chat',
  'visit',
  'sms',
] as const;
