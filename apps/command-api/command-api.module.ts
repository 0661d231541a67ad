import { type DynamicModule, Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { BulkController } from './bulk/bulk.controller.js';
import { COMMAND_PORTS, type CommandPorts } from './command-api.ports.js';
import { Commands, RunCommandHandler } from './commands.js';
import { ProcessesController } from './processes/processes.controller.js';
import { CustomersQueriesController } from './queries/customers-queries.controller.js';
import { FactsController } from './queries/facts.controller.js';
import { resourceControllers } from './resource-controllers.js';

@Module({})
class CommandApiModule {}

export const commandApiModule = (ports: CommandPorts): DynamicModule => ({
  module: CommandApiModule,
  imports: [CqrsModule.forRoot()],
  controllers: [
    BulkController,
    ProcessesController,
    ...resourceControllers,
    CustomersQueriesController,
    FactsController,
  ],
  providers: [{ provide: COMMAND_PORTS, useValue: ports }, Commands, RunCommandHandler],
});
