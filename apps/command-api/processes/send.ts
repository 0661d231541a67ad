import { commandTypes } from '#crm/catalogue';
import { commandHandler, type Outcome } from '#eventing/command-handler';
import type { Command } from '#eventing/decider';
import type { EventStore } from '#eventing/event-store';
import type { Upcasters } from '#eventing/upcaster';

/** Has a command decided and what it leads to appended. @throws PerennialError when the domain says no */
export type Send = (command: Command) => Promise<Outcome>;

/** Straight to the domain, for commands of our own that need no check, no sealing and no filling in. */
export const commandSender = (store: EventStore, upcasters: Upcasters): Send => {
  const handle = commandHandler(store, upcasters);
  const types = new Map(commandTypes.map((type) => [type.type, type]));
  return (command) => {
    const type = types.get(command.type);
    if (!type) throw new Error(`The catalogue has no command ${command.type}.`);
    return handle(type.decider, type.stream(command.data), command);
  };
};
