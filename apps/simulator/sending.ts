import { PerennialError } from '#eventing/errors';
import type { Patience } from './patience.js';

/** Where the company is played: the API, as any application of a real company would use it. */
export type Request = (path: string, init?: RequestInit) => Promise<Response>;

export interface Answer {
  readonly status: 'accepted' | 'repeated' | 'rejected';
  readonly problem?: {
    readonly status?: number;
    readonly code?: string;
    readonly detail?: string;
    readonly errors?: unknown;
  };
}

/** The server refuses all that is asked of it, and would again. */
export class PlayRefused extends PerennialError {
  constructor(reason: string) {
    super('refused', 'play-refused', reason);
  }
}

/**
 * Sends lines as one batch, and those again that a server could not take just then, or whose answer was lost: they
 * have ids of their own.
 * @param answered told of each line's answer, as it comes
 * @throws PlayRefused, PlayGivenUp
 */
export const send = async (
  request: Request,
  lines: readonly string[],
  patience: Patience,
  answered: (line: number, answer: Answer) => void,
): Promise<void> => {
  for (let open = lines.map((_, line) => line); open.length > 0; ) {
    const unanswered = new Set(open);
    let reason: string | undefined;
    const cut = await attempt(request, open.map((line) => lines[line]).join('\n'), (place, answer) => {
      const line = open[place] as number;
      if (isOpen(answer.problem?.status)) {
        reason ??= answer.problem?.detail;
        return;
      }
      unanswered.delete(line);
      patience.restore();
      answered(line, answer);
    });
    open = [...unanswered];
    if (open.length > 0) await patience.wait(cut ?? reason ?? `${open.length} commands were not answered.`);
  }
};

/** Asks until there is an answer. @throws PlayRefused, PlayGivenUp */
export const ask = async <Body>(request: Request, path: string, patience: Patience): Promise<Body> => {
  for (;;) {
    const asked = await answerOf(request, path);
    if (typeof asked !== 'string') {
      const text = await asked.text().catch(reasonOf);
      if (typeof text === 'string') {
        patience.restore();
        return JSON.parse(text) as Body;
      }
      await patience.wait(text.reason);
    } else await patience.wait(asked);
  }
};

/** @returns why not all of them were answered, if so */
const attempt = async (
  request: Request,
  body: string,
  answered: (place: number, answer: Answer) => void,
): Promise<string | undefined> => {
  const headers = { 'content-type': 'application/x-ndjson' };
  const response = await answerOf(request, '/v1/commands', { method: 'POST', headers, body });
  if (typeof response === 'string') return response;
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (let place = 0; ; ) {
    const part = await reader.read().catch(reasonOf);
    // Cut off: the whole lines count.
    if ('reason' in part) return part.reason;
    if (part.done) return undefined;
    text += decoder.decode(part.value, { stream: true });
    const whole = text.split('\n');
    text = whole.pop() as string;
    for (const line of whole) answered(place++, JSON.parse(line) as Answer);
  }
};

/** A good answer, or why there is none. @throws PlayRefused */
const answerOf = async (request: Request, path: string, init?: RequestInit): Promise<Response | string> => {
  const response = await request(path, init).catch(reasonOf);
  if ('reason' in response) return response.reason;
  if (response.ok) return response;
  const text = await response.text().catch(() => '');
  const reason = `${path} was answered with ${response.status}: ${detailOf(text)}`;
  if (isOpen(response.status)) return reason;
  throw new PlayRefused(reason);
};

/** Nobody knows what became of it, or it was not tried: to be sent again. */
const isOpen = (status = 0): boolean => status >= 500 || status === 408 || status === 429;

const detailOf = (text: string): string => {
  try {
    return (JSON.parse(text) as { detail?: string }).detail ?? text;
  } catch {
    return text.slice(0, 200);
  }
};

const reasonOf = (error: unknown): { readonly reason: string } => {
  const { cause, message } = error as Error & { cause?: { message?: string } };
  return { reason: cause?.message || message };
};
