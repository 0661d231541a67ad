import { type DynamicModule, Module } from '@nestjs/common';
import { AdminController } from './admin.controller.js';
import { ANALYTICS_PORTS, type AnalyticsPorts } from './analytics.ports.js';
import { ModelRunsController } from './model-runs.controller.js';
import { ReportsController } from './reports.controller.js';
import { SqlController } from './sql.controller.js';

@Module({})
class AnalyticsModule {}

export const analyticsModule = (ports: AnalyticsPorts): DynamicModule => ({
  module: AnalyticsModule,
  controllers: [ModelRunsController, ReportsController, SqlController, AdminController],
  providers: [{ provide: ANALYTICS_PORTS, useValue: ports }],
});
