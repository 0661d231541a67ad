import { CliError } from './cli-error.js';
import { problemOf, type Target } from './target.js';
import { Progress } from './terminal.js';

interface Step<Result> {
  readonly step?: string;
  readonly result?: Result;
  readonly problem?: { readonly detail: string };
}

/**
 * The result of long work: the server tells its steps as they are done, a line each; the last line is the result or a
 * problem.
 * @param what is under way, for the terminal
 */
export const lastStep = async <Result extends object>(
  target: Target,
  path: string,
  what: string,
): Promise<Result> => {
  const response = await target.request(path, { method: 'POST' });
  if (!response.ok || !response.body) throw await problemOf(response);
  const progress = new Progress(what);
  let rest = '';
  try {
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const { step, result, problem } = JSON.parse(line) as Step<Result>;
        if (step) progress.say(step);
        if (problem) throw new CliError(problem.detail, problem);
        if (result) return result;
      }
    }
  } finally {
    progress.end();
  }
  throw new CliError('The server ended its answer before the result; see its log.');
};
