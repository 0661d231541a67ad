import { isTaken } from './servers/free-port.js';
import { StartFailure } from './servers/start-failure.js';

/** The applications, each a process of its own, and where it listens when nobody says otherwise. */
export const APPLICATIONS = {
  'command-api': 3000,
  analytics: 3001,
  relay: 3002,
  projector: 3003,
} as const;

export type Application = keyof typeof APPLICATIONS;

/** 0 takes any free one. */
export type Ports = Readonly<Record<Application, number>>;

/** What `npm run distributed` calls an application's port. */
export const portOption = (name: Application): string =>
  name === 'command-api' ? '--port' : `--${name}-port`;

/** Asked before anything is started: all of it would be in vain. @throws StartFailure with all that are taken */
export const demandFreePorts = async (ports: Ports): Promise<void> => {
  const wanted = Object.entries(ports) as [Application, number][];
  const problems: string[] = [];
  for (const [name, port] of wanted) {
    if (port === 0) continue;
    const first = wanted.find(([, other]) => other === port)![0];
    const choose = `choose another for ${name} with ${portOption(name)}, or 0 for any free one.`;
    if (first !== name) problems.push(`Port ${port} is that of ${first} already: ${choose}`);
    else if (await isTaken(port)) problems.push(`Port ${port} is taken: ${choose}`);
  }
  if (problems.length > 0) throw new StartFailure(problems.join('\n'));
};
