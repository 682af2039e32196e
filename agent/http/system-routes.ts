import { hostTags } from '../collectors/collector.ts'
import type { Host } from '../host/host.ts'
import type { LinuxHost } from '../host/linux/host.ts'
import type { LastValues } from '../last-values.ts'
import { data, message } from './answer.ts'
import type { Answer } from './answer.ts'
import type { Handler, Routes } from './server.ts'

const cpuParts = ['busy', 'guest', 'idle', 'iowait', 'irq', 'nice', 'softirq', 'steal', 'system', 'user'] as const
const cpuColumns = ['idle', 'busy', 'user', 'nice', 'system', 'iowait', 'irq', 'softirq', 'steal', 'guest'] as const

/** The read-only `/proc/*`, `/system/*` and `/page/*` routes: this host's state in the shapes of Open-Falcon's agent. */
export function systemRoutes(options: {
  host: LinuxHost
  lastValues: LastValues
  hostname: () => string
  now: () => number
}): Routes {
  const { host, lastValues, hostname, now } = options
  return {
    '/proc/cpu/num': asked(() => host.cpuCount()),
    '/proc/cpu/mhz': asked(async () => {
      const mhz = await host.cpuMhz()
      if (mhz === undefined) throw new Error('this kernel does not tell the MHz of its processors')
      return mhz
    }),
    '/proc/cpu/usage': () =>
      cpuUsage(lastValues, (usage) => Object.fromEntries(cpuParts.map((part) => [part, usage(part)]))),
    '/page/cpu/usage': () => cpuUsage(lastValues, (usage) => [cpuColumns.map((part) => `${usage(part).toFixed(1)}%`)]),
    '/page/df': asked(() => fileSystemRows(host, lastValues)),
    '/page/diskio': () => data(diskRows(lastValues)),
    '/page/memory': asked(async () => {
      const { total, free } = await memoryUse(host)
      return [total, total - free, free].map((bytes) => Math.floor(bytes / 2 ** 20))
    }),
    '/proc/memory': asked(async () => {
      const { total, free } = await memoryUse(host)
      return { free, total, used: total - free }
    }),
    '/proc/kernel/hostname': () => data(hostname()),
    '/proc/kernel/maxproc': asked(async () => (await host.kernelLimits()).maxProcesses),
    '/proc/kernel/maxfiles': asked(async () => (await host.kernelLimits()).maxFiles),
    '/proc/kernel/version': asked(() => host.kernelRelease()),
    '/system/date': () => data(localTime(new Date(now()))),
    '/page/system/uptime': asked(async () => {
      const { days, hours, mins } = await uptime(host)
      return `${days} days ${hours} hours ${mins} minutes`
    }),
    '/proc/system/uptime': asked(() => uptime(host)),
    '/page/system/loadavg': asked(async () => {
      const { oneMinute, fiveMinutes, fifteenMinutes } = await host.loadAverage()
      const processors = await host.cpuCount()
      return [oneMinute, fiveMinutes, fifteenMinutes].map((load) => [load, Math.trunc((load * 100) / processors)])
    }),
    '/proc/system/loadavg': asked(async () => {
      const load = await host.loadAverage()
      return {
        Avg1min: load.oneMinute,
        Avg5min: load.fiveMinutes,
        Avg15min: load.fifteenMinutes,
        RunningProcesses: load.runningTasks,
        TotalProcesses: load.totalTasks,
      }
    }),
  }
}

/** Answers with what the host says, or with why it cannot be asked. */
export function asked(ask: () => Promise<unknown>): Handler {
  return async () => {
    try {
      return data(await ask())
    } catch (error) {
      return message((error as Error).message)
    }
  }
}

/** Shares of the last step; Open-Falcon's agent shows those of the last second. */
function cpuUsage(lastValues: LastValues, shape: (usage: (part: string) => number) => unknown): Answer {
  if (lastValues.value('cpu.idle') === undefined) return message('not prepared')
  return data(shape((part) => lastValues.value(`cpu.${part}`) ?? 0))
}

/** Falcon: here buffers and cache count as free, whatever the kernel calls available. */
async function memoryUse(host: LinuxHost): Promise<{ total: number; free: number }> {
  const { total, free, buffers, cached } = await host.memory()
  return { total, free: free + buffers + cached }
}

export async function uptime(
  host: Pick<Host, 'uptimeSeconds'>,
): Promise<{ days: number; hours: number; mins: number }> {
  const minutes = Math.floor((await host.uptimeSeconds()) / 60)
  return { days: Math.floor(minutes / 1440), hours: Math.floor(minutes / 60) % 24, mins: minutes % 60 }
}

/** From the last collection rather than from the file systems, since asking one that hangs would hang the page. */
async function fileSystemRows(host: LinuxHost, lastValues: LastValues): Promise<string[][]> {
  const rows: string[][] = []
  const seen = new Set<string>()
  for (const { source, mountPoint, type } of await host.mounts()) {
    const tags = hostTags({ mount: mountPoint, fstype: type })
    const value = (name: string) => lastValues.value(`df.${name}`, tags) ?? 0
    if (seen.has(tags) || lastValues.value('df.bytes.total', tags) === undefined) continue
    seen.add(tags)
    rows.push([
      source,
      ...['bytes.total', 'bytes.used', 'bytes.free'].map((name) => readableSize(value(name))),
      `${value('bytes.used.percent').toFixed(1)}%`,
      mountPoint,
      ...['inodes.total', 'inodes.used', 'inodes.free'].map((name) => readableSize(value(name))),
      `${value('inodes.used.percent').toFixed(1)}%`,
      type,
    ])
  }
  return rows
}

/** Per second over the last step, in the order of `iostat -x`. */
function diskRows(lastValues: LastValues): string[][] {
  const rates = new Map(
    lastValues
      .list('disk.io.')
      .map(({ sample, perSecond }) => [`${sample.metric}/${sample.tags}`, perSecond ?? sample.value]),
  )
  const devices = lastValues.list('disk.io.util').map(({ sample }) => sample.tags)
  return devices.map((tags) => {
    const value = (name: string) => rates.get(`disk.io.${name}/${tags}`) ?? 0
    const counts = ['read_merged', 'write_merged', 'read_requests', 'write_requests']
    return [
      tags.slice('device='.length),
      ...counts.map((name) => String(Math.round(value(name)))),
      ...['read_sectors', 'write_sectors'].map((name) => (value(name) / 2).toFixed(2)),
      ...['avgrq_sz', 'avgqu-sz', 'await', 'svctm'].map((name) => value(name).toFixed(2)),
      `${value('util').toFixed(2)}%`,
    ]
  })
}

/** `533.7K`, `29.3G`; the unit changes at 1024. */
export function readableSize(bytes: number): string {
  const units = ['B', 'K', 'M', 'G', 'T', 'P']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${value.toFixed(1)}${units[unit] ?? ''}`
}

/** `YYYY-MM-DD HH:MM:SS` in the time zone of the host. */
export function localTime(date: Date): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}
