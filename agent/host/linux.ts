import { statfs } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { performance } from 'node:perf_hooks'
import type { LinuxHost, NetworkInterface, Sockets } from './linux/host.ts'
import { parseCpuCount, parseCpuMhz, parseStat } from './linux/cpu.ts'
import { parseDiskStats } from './linux/disks.ts'
import { createEcho } from './linux/echo.ts'
import { readGpus } from './linux/gpus.ts'
import { parseKernelLimits, parseLoadAverage, parseUptime } from './linux/kernel.ts'
import { createKernelFiles, isGone, isUnsupported } from './linux/kernel-files.ts'
import { parseMemory } from './linux/memory.ts'
import { fileSystemFrom, parseMounts } from './linux/mounts.ts'
import { parseNetDev, parseSpeed } from './linux/network.ts'
import { parsePressure } from './linux/pressure.ts'
import { readCommandLine, readNames, readOpenFiles, readProcessUse } from './linux/processes.ts'
import { parseProtocolCounters } from './linux/protocols.ts'
import { parseSockStat, readOpenPorts, readSynReceived } from './linux/sockets.ts'
import { numberFrom } from './linux/text.ts'
import { readTimeServers } from './linux/time-servers.ts'
import { createUnits } from './linux/units.ts'
import { treeSize } from './tree-size.ts'
import { createBelowRoot } from './below-root.ts'
import { createFileWalks } from './file-walks.ts'
import { createPlaces } from './places.ts'
import { createSlowCalls } from './slow-calls.ts'

export interface LinuxHostOptions {
  /** `/`, or where the file system of the watched host is mounted into this container. */
  readonly root: string
  /** Those Node has for files and names: 4 unless UV_THREADPOOL_SIZE says otherwise. */
  readonly threads?: number
  /** How long one answer of a file system, a driver or a process is waited for. */
  readonly answerMs?: number
  /** Milliseconds on a clock that never jumps. */
  readonly now?: () => number
  /** Name or path of the NVIDIA driver's tool. */
  readonly nvidiaSmi?: string
}

/** Reads /proc, /sys and statfs(2); starts a program only where there are NVIDIA cards to ask for. */
export function createLinuxHost({
  root,
  threads = 4,
  answerMs = 3000,
  now = () => performance.now(),
  nvidiaSmi = 'nvidia-smi',
}: LinuxHostOptions): LinuxHost {
  const files = createKernelFiles(root)
  // What a dead server, a process stuck in the kernel or a driver holds, together at most all threads but one, must
  // keep us neither from our own disks nor from each other.
  const ownDisks = createSlowCalls(createPlaces(1))
  const placesElsewhere = createPlaces(Math.max(1, Math.floor(threads / 2)))
  const elsewhere = createSlowCalls(placesElsewhere)
  const inside = createSlowCalls(createPlaces(Math.max(1, Math.ceil(threads / 2) - 1)))
  // Walks go on side by side, one question of each in turn, so that a long one does not hold up short ones.
  const walks = createSlowCalls(createPlaces(Infinity))
  const units = createUnits(files, answerMs)
  const net = (name: string) => files.now(files.ofHost(`net/${name}`))

  /** What the driver says, if anything: for interfaces that are down or virtual it is an error, and some drivers hang. */
  async function speedOf(name: string): Promise<number | undefined> {
    const file = `/sys/class/net/${name}/speed`
    try {
      return parseSpeed(await inside.run(file, answerMs, () => files.slowAtOnce(file)))
    } catch {
      // Whatever the reason, the speed is unknown, and the traffic is worth sending without it.
      return undefined
    }
  }

  return {
    cpuTimes: async () => parseStat(files.now('/proc/stat')),
    cpuCount: async () => parseCpuCount(files.now('/proc/stat')),
    cpuMhz: async () => parseCpuMhz(files.now('/proc/cpuinfo')),
    loadAverage: async () => parseLoadAverage(files.now('/proc/loadavg')),
    kernelLimits: async () =>
      parseKernelLimits(
        files.now('/proc/sys/fs/file-max'),
        files.now('/proc/sys/fs/file-nr'),
        files.now('/proc/sys/kernel/pid_max'),
      ),
    kernelRelease: async () => files.now('/proc/sys/kernel/osrelease').trim(),
    uptimeSeconds: async () => parseUptime(files.now('/proc/uptime')),
    memory: async () => parseMemory(files.now('/proc/meminfo')),
    async networkInterfaces(wants): Promise<NetworkInterface[]> {
      const found = parseNetDev(net('dev'), wants)
      return await Promise.all(found.map(async (it) => ({ ...it, speedMbit: await speedOf(it.name) })))
    },
    disks: async () => ({ atMs: now(), disks: parseDiskStats(files.now('/proc/diskstats')) }),
    async mounts() {
      const file = files.ofHost('mounts')
      return parseMounts(await ownDisks.run(file, answerMs, () => files.slow(file)))
    },
    fileSystem({ source, mountPoint }) {
      const lane = source.startsWith('/dev/') ? ownDisks : elsewhere
      return lane.run(`file system ${mountPoint}`, answerMs, async () =>
        fileSystemFrom(await statfs(files.path(mountPoint), { bigint: true })),
      )
    },
    protocolCounters: async (file, group) => parseProtocolCounters(net(file), group),
    async sockets(): Promise<Sockets> {
      const { inUse, orphaned, timeWait, allocated } = parseSockStat(
        net('sockstat'),
        // Kernels without IPv6 lack it.
        ifThere(() => net('sockstat6')) ?? '',
      )
      const established = parseProtocolCounters(net('snmp'), 'Tcp').get('CurrEstab')
      if (established === undefined) throw new Error('Cannot read /proc/net/snmp: Tcp has no CurrEstab')
      return { established, closed: allocated - (inUse - timeWait), orphaned, timeWait }
    },
    async trackedConnections() {
      const file = (name: string) => `/proc/sys/net/netfilter/nf_conntrack_${name}`
      const count = ifThere(() => files.now(file('count')))
      if (count === undefined) return undefined
      return {
        count: numberFrom(count.trim(), file('count')),
        max: numberFrom(files.now(file('max')).trim(), file('max')),
      }
    },
    async pressure() {
      const stallsOf = (resource: string) => {
        const file = `/proc/pressure/${resource}`
        const text = ifThere(() => files.now(file))
        return text === undefined ? undefined : parsePressure(text, file)
      }
      const [cpu, memory, io] = [stallsOf('cpu'), stallsOf('memory'), stallsOf('io')]
      if (!cpu && !memory && !io) return undefined
      return { atMs: now(), ...(cpu && { cpu }), ...(memory && { memory }), ...(io && { io }) }
    },
    synReceived: async () => readSynReceived(files),
    openPorts: async () => readOpenPorts(files),
    gpus: () => readGpus(files, nvidiaSmi),
    processNames: () => readNames(files),
    isNamed: (name, wanted) => name === wanted,
    commandLine: (pid) => readCommandLine(files, inside, pid, answerMs),
    processUse: async (pid) => readProcessUse(files, pid),
    openFiles: async (pid) => readOpenFiles(files, pid),
    timeServers: () => readTimeServers(files),
    units: () => units.list(),
    serviceRunning: (name) => units.isActive(name),
    treeSize: (path, deadlineMs) =>
      walks.run(`directory ${path}`, deadlineMs, async (signal) => {
        const at = createBelowRoot(root)
        // A link that is named itself counts as what it is, unless a slash behind it says that it is meant to be followed.
        const place = await placesElsewhere.use(async () =>
          path.endsWith('/') ? at(path) : join(await at(dirname(path)), basename(path)),
        )
        return await treeSize(place, signal, placesElsewhere)
      }),
    walkFiles: createFileWalks(walks, placesElsewhere, () => createBelowRoot(root)),
    echo: createEcho(),
    unanswered: () => [ownDisks, elsewhere, inside, walks].flatMap((calls) => calls.hanging()),
  }
}

/** Undefined where this kernel has no such file, or says that what it would show is switched off. */
function ifThere(read: () => string): string | undefined {
  try {
    return read()
  } catch (error) {
    if (isGone(error) || isUnsupported(error)) return undefined
    throw error
  }
}
