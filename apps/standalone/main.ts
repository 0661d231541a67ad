import { runService } from '#apps/service/run-service';
import { startServer } from './server.js';

await runService('Perennial', 'Commands, analytics and reports in one process.', startServer, {
  usage: 'npm start --',
  data: 'where everything is kept (default: ./data)',
});
