import { applyDecorators } from '@nestjs/common';
import { ApiExtension, ApiOperation } from '@nestjs/swagger';
import type { CommandName } from '../command-dtos.js';

/** Where a route notes in the document which command it runs; also tells readers how NDJSON calls it. */
export const COMMAND_EXTENSION = 'x-command';

/** A route that runs a command: body, examples, headers and answers follow from its type. */
export const ApiCommand = (type: CommandName, summary: string): MethodDecorator =>
  applyDecorators(ApiOperation({ summary }), ApiExtension(COMMAND_EXTENSION, type));
