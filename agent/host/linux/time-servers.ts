import { isGone, isForbidden } from './kernel-files.ts'
import type { KernelFiles } from './kernel-files.ts'
import { words } from './text.ts'

/** The files of chrony, ntpd and timesyncd, as distributions place them. */
const chronyFiles = ['/etc/chrony/chrony.conf', '/etc/chrony.conf']
const ntpFiles = ['/etc/ntpsec/ntp.conf', '/etc/ntp.conf']
const timesyncFile = '/etc/systemd/timesyncd.conf'

/** Servers that the time service of this host is configured to follow; of several services the first that names some counts. */
export function readTimeServers(files: KernelFiles): string[] {
  const texts = (paths: readonly string[]) => paths.flatMap((path) => textOf(files, path) ?? [])
  const chrony = texts(chronyFiles).flatMap((text) => [
    ...parseTimeServers(text),
    ...chronyFolders(text).flatMap(({ folder, ending }) =>
      texts(filesIn(files, folder, ending)).flatMap(parseTimeServers),
    ),
  ])
  if (chrony.length > 0) return unique(chrony)
  const ntp = texts(ntpFiles).flatMap(parseTimeServers)
  if (ntp.length > 0) return unique(ntp)
  return unique(texts([timesyncFile, ...filesIn(files, `${timesyncFile}.d`, '.conf')]).flatMap(parseTimesync))
}

/** The lines `server …`, `pool …` and `peer …` of chrony and ntpd. */
export function parseTimeServers(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const [directive, ...rest] = words(line.trim())
    if (!/^(?:server|pool|peer)$/i.test(directive ?? '')) return []
    const [name] = rest.filter((word) => !word.startsWith('-'))
    // Such addresses stand for clocks that are attached to this host.
    if (name === undefined || name.startsWith('127.127.')) return []
    const port = rest[rest.indexOf('port') + 1]
    return rest.includes('port') && port !== undefined ? [`${name}:${port}`] : [name]
  })
}

/** Folders that a chrony.conf takes more servers from. */
function chronyFolders(text: string): { folder: string; ending: string }[] {
  return text.split('\n').flatMap((line) => {
    const [directive, ...folders] = words(line.trim())
    if (directive === 'sourcedir') return folders.map((folder) => ({ folder, ending: '.sources' }))
    if (directive === 'confdir') return folders.map((folder) => ({ folder, ending: '.conf' }))
    return []
  })
}

/** `NTP=` of timesyncd, else `FallbackNTP=`. */
export function parseTimesync(text: string): string[] {
  const listOf = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(text)?.[1] ?? ''
  const servers = words(listOf('NTP').trim())
  return servers.length > 0 ? servers : words(listOf('FallbackNTP').trim())
}

function filesIn(files: KernelFiles, folder: string, ending: string): string[] {
  const names = unlessAbsent(() => files.list(folder)) ?? []
  return names.filter((name) => name.endsWith(ending)).map((name) => `${folder}/${name}`)
}

function textOf(files: KernelFiles, path: string): string | undefined {
  return unlessAbsent(() => files.now(path))
}

function unlessAbsent<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (isGone(error) || isForbidden(error)) return undefined
    throw error
  }
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)]
}
