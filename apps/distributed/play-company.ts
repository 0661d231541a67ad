import { onTarget } from '#apps/cli/target';
import { Progress } from '#apps/cli/terminal';
import { Calendar } from '#apps/simulator/calendar';
import { play } from '#apps/simulator/player';
import { simulate } from '#apps/simulator/simulation';
import { DemoRefused, readDemoState, writeDemoState } from '#apps/standalone/demo/demo-state';
import { addDays, today } from '#eventing/business-time';

export interface Company {
  readonly customers: number;
  readonly seed: number;
}

/**
 * Plays two years of the made-up company through the HTTP API; goes on where it was interrupted.
 * @param directory holds how far it has come
 * @param waiting told why, each time when nothing goes on any more
 * @returns how many commands it has played
 * @throws DemoRefused, UnexpectedAnswers, PlayRefused, PlayGivenUp
 */
export const playCompany = async (
  url: string,
  directory: string,
  company: Company,
  waiting: (reason: string) => void,
): Promise<number> => {
  const known = readDemoState(directory, company);
  const calendar = known
    ? new Calendar(known.from, known.to)
    : Calendar.endingOn(addDays(today('UTC', Date.now()), -1));
  const { commands } = simulate({ ...company, calendar });
  if (known && known.commands !== commands.length)
    throw new DemoRefused(
      `${directory} was begun by another version of this program: choose another directory with --data.`,
    );
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
      waiting,
    }),
  ).finally(() => progress.end());
  return commands.length - state.played;
};
