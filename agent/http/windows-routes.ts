import type { WindowsHost } from '../host/windows/host.ts'
import type { LastValues } from '../last-values.ts'
import { data, message } from './answer.ts'
import type { Routes } from './server.ts'
import { asked, localTime, readableSize, uptime } from './system-routes.ts'

const cpuParts = ['busy', 'idle', 'system', 'user'] as const

/** What of the routes of `systemRoutes` Windows has an answer to, in the same shapes. */
export function windowsRoutes(options: {
  host: WindowsHost
  lastValues: LastValues
  hostname: () => string
  now: () => number
}): Routes {
  const { host, lastValues, hostname, now } = options
  const memory = async () => {
    const { total, available } = await host.memory()
    return { total, free: available, used: total - available }
  }
  return {
    '/proc/cpu/num': asked(() => host.cpuCount()),
    '/proc/cpu/usage': () => {
      const idle = lastValues.value('cpu.idle')
      if (idle === undefined) return message('not prepared')
      const usage = (part: string) => (part === 'busy' ? 100 - idle : (lastValues.value(`cpu.${part}`) ?? 0))
      return data(Object.fromEntries(cpuParts.map((part) => [part, usage(part)])))
    },
    '/page/df': () => data(driveRows(lastValues)),
    '/page/memory': asked(async () => {
      const { total, used, free } = await memory()
      return [total, used, free].map((bytes) => Math.floor(bytes / 2 ** 20))
    }),
    '/proc/memory': asked(memory),
    '/proc/kernel/hostname': () => data(hostname()),
    '/system/date': () => data(localTime(new Date(now()))),
    '/page/system/uptime': asked(async () => {
      const { days, hours, mins } = await uptime(host)
      return `${days} days ${hours} hours ${mins} minutes`
    }),
    '/proc/system/uptime': asked(() => uptime(host)),
  }
}

/** Drive, size, used, free, share: from the last collection, since asking a drive that hangs would hang the page. */
function driveRows(lastValues: LastValues): string[][] {
  const shape = lastValues.list('df.byte.total').length > 0 ? 'df.byte' : 'df.bytes'
  return lastValues.list(`${shape}.total`).map(({ sample }) => {
    const [total, used, free] = ['total', 'used', 'free'].map(
      (part) => lastValues.value(`${shape}.${part}`, sample.tags) ?? 0,
    ) as [number, number, number]
    const drive = /(?:disk|mount)=([^,:]+)/.exec(sample.tags)?.[1] ?? ''
    const share = total === 0 ? 0 : (100 * used) / total
    return [`${drive}:`, ...[total, used, free].map(readableSize), `${share.toFixed(1)}%`]
  })
}
