import { v5 } from 'uuid';
import type { CrmCommand } from '#crm/catalogue';
import type { Sealed } from '#eventing/sealed';
import { dateOf } from './calendar.js';

/** As a caller writes it: personal fields in the clear. */
type Clear<T> = T extends Sealed
  ? string
  : T extends readonly (infer Item)[]
    ? readonly Clear<Item>[]
    : T extends object
      ? { readonly [Field in keyof T]: Clear<T[Field]> }
      : T;

export type CommandType = CrmCommand['type'];

/** What a caller may leave to the server. */
interface LeftToTheServer {
  LaunchCampaign: {
    readonly campaignId: string;
    readonly segment?: { readonly sql: string };
    readonly customers?: readonly string[];
  };
}

export type DataOf<Type extends CommandType> = Type extends keyof LeftToTheServer
  ? LeftToTheServer[Type]
  : Clear<Extract<CrmCommand, { readonly type: Type }>['data']>;

export interface SimulatedCommand {
  readonly type: CommandType;
  readonly data: object & { readonly occurredAt: string };
  /** When it happens in the simulated world. */
  readonly at: number;
  /** Concerns more than its stream: everything before it must be done, and it before anything after it. */
  readonly alone?: true;
  /** What the launch of a campaign comes to, some time after it was accepted. */
  readonly launch?: 'members' | 'failure';
  /** The domain must say no to it, with this code. */
  readonly refusal?: string;
}

const COMMANDS = '7d0c4f3a-2b1e-5f6d-8c9b-0a1b2c3d4e5f';

/** The same command has the same id, so that sending it again changes nothing. */
export const commandId = ({ type, data }: SimulatedCommand): string =>
  v5(`${type}\n${JSON.stringify(data)}`, COMMANDS);

/** Collects what happens, in any order, and tells it in the order in which it happened. */
export class Journal {
  private readonly commands: SimulatedCommand[] = [];

  add<Type extends CommandType>(
    type: Type,
    at: number,
    data: DataOf<Type>,
    how: Pick<SimulatedCommand, 'alone' | 'launch' | 'refusal'> = {},
  ): void {
    this.commands.push({ type, at, data: { ...data, occurredAt: new Date(at).toISOString() }, ...how });
  }

  /** Of what is known by its day only. */
  addOfDay<Type extends CommandType>(type: Type, at: number, data: DataOf<Type>): void {
    this.commands.push({ type, at, data: { ...data, occurredAt: dateOf(at) } });
  }

  /** Everything that happened before a moment; what happened at once stays in the order in which it was added. */
  before(end: number): SimulatedCommand[] {
    return this.commands.filter(({ at }) => at < end).sort((a, b) => a.at - b.at);
  }
}
