import type { KernelLimits, LoadAverage } from './host.ts'
import { numberFrom, words } from './text.ts'

/** /proc/loadavg: `0.20 0.18 0.12 1/80 11206` */
export function parseLoadAverage(text: string): LoadAverage {
  const [one, five, fifteen, tasks] = words(text.trim())
  const slash = tasks?.indexOf('/') ?? -1
  return {
    oneMinute: numberFrom(one, '/proc/loadavg'),
    fiveMinutes: numberFrom(five, '/proc/loadavg'),
    fifteenMinutes: numberFrom(fifteen, '/proc/loadavg'),
    runningTasks: numberFrom(tasks?.slice(0, slash), '/proc/loadavg'),
    totalTasks: numberFrom(tasks?.slice(slash + 1), '/proc/loadavg'),
  }
}

/** The texts of /proc/sys/fs/file-max, /proc/sys/fs/file-nr (allocated, free, limit) and /proc/sys/kernel/pid_max. */
export function parseKernelLimits(fileMax: string, fileNr: string, pidMax: string): KernelLimits {
  return {
    maxFiles: numberFrom(fileMax.trim(), '/proc/sys/fs/file-max'),
    allocatedFiles: numberFrom(words(fileNr.trim())[0], '/proc/sys/fs/file-nr'),
    maxProcesses: numberFrom(pidMax.trim(), '/proc/sys/kernel/pid_max'),
  }
}

/** /proc/uptime: seconds since boot, then idle seconds. */
export function parseUptime(text: string): number {
  return numberFrom(words(text.trim())[0], '/proc/uptime')
}
