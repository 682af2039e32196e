import { performance } from 'node:perf_hooks'
import { setImmediate } from 'node:timers/promises'
import { createFileWalks } from './file-walks.ts'
import { createPlaces } from './places.ts'
import { createSlowCalls } from './slow-calls.ts'
import { treeSize } from './tree-size.ts'
import { createEcho } from './windows/echo.ts'
import type { Disk, WindowsHost } from './windows/host.ts'
import { parseAdapterIndexes, parseInterfaceRow, parsePorts, parseTcpStatistics } from './windows/network.ts'
import { parseUdpStatistics } from './windows/network.ts'
import { parseProcessUse } from './windows/processes.ts'
import { isRunning, parseServices } from './windows/services.ts'
import { parseDiskNames, parseDiskPerformance, parseDrives, parseVolume } from './windows/storage.ts'
import { parseMemory, parseSystemTimes } from './windows/system.ts'
import { readTimeServers } from './windows/time-servers.ts'
import type { ProcessEntry, Win32 } from './windows/win32.ts'

export interface WindowsHostOptions {
  readonly win32: Win32
  /** How long one answer of a drive or of a part of Windows is waited for. */
  readonly answerMs?: number
  /** Milliseconds on a clock that never jumps. */
  readonly now?: () => number
}

const removable = 2
const fixed = 3
const families = [2, 23] as const
const sqlServerInstances = 'SOFTWARE\\Microsoft\\Microsoft SQL Server\\Instance Names\\SQL'
/** They are there as long as a restart is due. */
const rebootKeys = [
  'SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WindowsUpdate\\Auto Update\\RebootRequired',
  'SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Component Based Servicing\\RebootPending',
]
/** How many programs are looked at before others get their turn. */
const atOnce = 100

/** Asks Windows itself, never a program: no PowerShell, no WMI. */
export function createWindowsHost({
  win32,
  answerMs = 3000,
  now = () => performance.now(),
}: WindowsHostOptions): WindowsHost {
  // A drive that hangs must not keep services and sockets from us, nor they each other: each lane holds at most one of
  // the four threads that Node has for such calls.
  const drives = createSlowCalls(createPlaces(1))
  const system = createSlowCalls(createPlaces(1))
  const walkers = createPlaces(1)
  const walks = createSlowCalls(createPlaces(Infinity))
  let programs = new Map<number, ProcessEntry>()
  let asked = 0

  return {
    now,
    cpuTimes: async () => parseSystemTimes(win32.systemTimes()),
    cpuCount: async () => win32.processorCount(),
    uptimeSeconds: async () => win32.tickCount() / 1000,
    memory: async () => parseMemory(win32.performanceInformation()),
    async drives() {
      const kinds = new Set([removable, fixed])
      // Asking a floppy drive takes seconds.
      const isWanted = (letter: string, kind: number) => kinds.has(kind) && !(letter === 'A' && kind === removable)
      return parseDrives(win32.logicalDrives()).filter((letter) => isWanted(letter, win32.driveType(rootOf(letter))))
    },
    volume: (letter) =>
      drives.run(`drive ${letter}:`, answerMs, async () => {
        const answer = await win32.volume(rootOf(letter))
        return answer && parseVolume(answer)
      }),
    disks: () =>
      drives.run('the disks', answerMs, async () => {
        const disks: Disk[] = []
        for (const name of parseDiskNames(win32.deviceNames())) {
          const bytes = await win32.diskPerformance(name)
          if (bytes) disks.push(parseDiskPerformance(name, bytes))
        }
        return { atMs: now(), disks }
      }),
    async adapters(wants) {
      const rows = parseAdapterIndexes(win32.adapters()).map((index) => win32.interfaceRow(index))
      return rows.flatMap((row) => (row ? [parseInterfaceRow(row)] : [])).filter((adapter) => wants(adapter.name))
    },
    async connections() {
      const tcp = families.map((family) => parseTcpStatistics(win32.tcpStatistics(family)))
      const udp = families.map((family) => parseUdpStatistics(win32.udpStatistics(family)))
      return {
        established: sum(tcp, (of) => of.established),
        tcpSegmentsRetransmitted: sum(tcp, (of) => of.retransmitted),
        udpIn: sum(udp, (of) => of.in),
        udpNoPorts: sum(udp, (of) => of.noPorts),
        udpInErrors: sum(udp, (of) => of.inErrors),
        udpOut: sum(udp, (of) => of.out),
      }
    },
    openPorts: () =>
      system.run('the sockets', answerMs, async () => {
        const ports = new Set<number>()
        for (const protocol of ['tcp', 'udp'] as const) {
          for (const family of families) {
            const table = await win32.socketTable(protocol, family)
            for (const port of parsePorts(table, protocol, family)) ports.add(port)
          }
        }
        return ports
      }),
    async processNames() {
      programs = win32.processes()
      return new Map([...programs].map(([pid, { name }]) => [pid, name]))
    },
    isNamed(name, wanted) {
      const [is, means] = [name.toLowerCase(), wanted.toLowerCase()]
      return is === means || is === `${means}.exe`
    },
    async commandLine(pid) {
      asked++
      if (asked % atOnce === 0) await setImmediate()
      // A program that may not be asked is one all the same, so it has at least its name.
      return win32.commandLine(pid) ?? programs.get(pid)?.name ?? ''
    },
    async processUse(pid) {
      const answer = win32.processUse(pid)
      if (!answer) return undefined
      if (!programs.has(pid)) programs = win32.processes()
      return parseProcessUse(answer, programs.get(pid)?.threads ?? 0)
    },
    openFiles: async (pid) => win32.handleCount(pid),
    services: () => system.run('the services', answerMs, async () => parseServices(await win32.services())),
    serviceRunning: (name) =>
      system.run(`service ${name.toLowerCase()}`, answerMs, async () => {
        const status = await win32.service(name)
        return status !== undefined && isRunning(status)
      }),
    sqlServerInstances: async () => win32.registryValues(sqlServerInstances) ?? [],
    rebootPending: async () => rebootKeys.some((key) => win32.registryValues(key) !== undefined),
    timeServers: () => readTimeServers(win32),
    counterQuery: () => win32.openCounterQuery(),
    treeSize: (path, deadlineMs) =>
      walks.run(`directory ${path}`, deadlineMs, (signal) => treeSize(path, signal, walkers)),
    echo: createEcho(win32),
    walkFiles: createFileWalks(walks, walkers),
    unanswered: () => [drives, system, walks].flatMap((calls) => calls.hanging()),
  }
}

function rootOf(letter: string): string {
  return `${letter}:\\`
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
