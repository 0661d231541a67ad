import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * When a process was started, in whatever form the system tells it: together with the pid, which is used again,
 * it names one process. Undefined when the system does not tell.
 */
export const processStart = (pid: number): string | undefined =>
  process.platform === 'linux' ? linuxProcess(pid)?.start : startByPs(pid);

/** A zombie, killed but not yet buried by its parent, does not run. */
export const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return process.platform !== 'linux' || linuxProcess(pid)?.state !== 'Z';
};

/** Fields 3 and 22 (ticks since boot) of /proc/<pid>/stat; its second may itself hold spaces and brackets. */
const linuxProcess = (pid: number): { state: string; start: string } | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: String(fields[0]), start: `${boot} ${fields[19]}` };
  } catch {
    return undefined;
  }
};

const startByPs = (pid: number): string | undefined => {
  try {
    const started = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return started.trim() || undefined;
  } catch {
    return undefined;
  }
};
