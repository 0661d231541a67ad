import { onTarget } from '#apps/cli/target';
import { Progress } from '#apps/cli/terminal';
import { Calendar } from '#apps/simulator/calendar';
import { play } from '#apps/simulator/player';
import { simulate } from '#apps/simulator/simulation';
import { readDemoState, writeDemoState } from '#apps/standalone/demo/demo-state';
import { addDays, today } from '#eventing/business-time';

export interface Company {
  readonly customers: number;
  readonly seed: number;
}

/**
 * Plays two years of the made-up company through the HTTP API; goes on where it was interrupted.
 * @param directory holds how far it has come
 * @throws UnexpectedAnswers
 */
export const playCompany = async (url: string, directory: string, company: Company): Promise<number> => {
  const known = readDemoState(directory, company);
  const calendar = known
    ? new Calendar(known.from, known.to)
    : Calendar.endingOn(addDays(today('UTC', Date.now()), -1));
  const { commands } = simulate({ ...company, calendar });
  const { from, to } = calendar;
  const state = known ?? { ...company, from, to, commands: commands.length, played: 0, modelled: false };
  writeDemoState(directory, state);
  const progress = new Progress('commands');
  await onTarget({ url }, ({ request }) =>
    play(request, commands, {
      played: state.played,
      acknowledged: (played) => {
        writeDemoState(directory, { ...state, played });
        progress.update(played, commands.length);
      },
    }),
  );
  progress.end();
  return commands.length - state.played;
};
