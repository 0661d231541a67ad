import { hostname } from 'node:os';

/** How this process is called where several write down who did something. */
export const processName = (application: string): string => `${application} ${process.pid} on ${hostname()}`;
