import type { Host } from '../host.ts'

/** What collectors ask of a Linux machine, beside what is asked of every one. */
export interface LinuxHost extends Host {
  cpuTimes(): Promise<CpuTimes>
  /** As the kernel prints it, for example `2599.998`; undefined where it prints none (many ARM machines). */
  cpuMhz(): Promise<string | undefined>
  loadAverage(): Promise<LoadAverage>
  kernelLimits(): Promise<KernelLimits>
  /** For example `6.1.0-18-amd64`. */
  kernelRelease(): Promise<string>
  memory(): Promise<Memory>
  /** Interfaces with names that are wanted; the others cost nothing. */
  networkInterfaces(wants: (name: string) => boolean): Promise<NetworkInterface[]>
  disks(): Promise<DiskReading>
  /** All visible mounts, in the order they were made. */
  mounts(): Promise<Mount[]>
  /** Rejects with `StuckError` when the file system does not answer in time. */
  fileSystem(mount: Mount): Promise<FileSystem>
  /** One group of /proc/net/netstat or /proc/net/snmp, by the names the kernel uses. */
  protocolCounters(file: 'netstat' | 'snmp', group: string): Promise<Map<string, number>>
  sockets(): Promise<Sockets>
  /** Connections that the firewall follows; undefined where it follows none. */
  trackedConnections(): Promise<TrackedConnections | undefined>
  /** Undefined on kernels without pressure stall information, or where it is switched off. */
  pressure(): Promise<Pressure | undefined>
  /**
   * TCP connections whose handshake is not complete. Costs milliseconds; undefined when there are more sockets
   * than the number is worth.
   */
  synReceived(): Promise<number | undefined>
  /** Those that the time service of this machine is configured to follow. */
  timeServers(): string[]
  /** Of systemd; undefined where it does not run. */
  units(): Promise<SystemdUnit[] | undefined>
  /** NVIDIA cards; none without their driver and its tools. Starts a program where there are some. */
  gpus(): Promise<Gpu[]>
}

/** Ticks since boot, all processors together. */
export interface CpuTimes {
  readonly user: number
  readonly nice: number
  readonly system: number
  readonly idle: number
  readonly iowait: number
  readonly irq: number
  readonly softirq: number
  readonly steal: number
  readonly guest: number
  readonly guestNice: number
  readonly contextSwitches: number
}

export interface LoadAverage {
  readonly oneMinute: number
  readonly fiveMinutes: number
  readonly fifteenMinutes: number
  readonly runningTasks: number
  readonly totalTasks: number
}

export interface KernelLimits {
  readonly maxFiles: number
  readonly allocatedFiles: number
  readonly maxProcesses: number
}

/** Bytes. `available` is undefined on kernels before 3.14. */
export interface Memory {
  readonly total: number
  readonly free: number
  readonly available: number | undefined
  readonly buffers: number
  readonly cached: number
  readonly swapTotal: number
  readonly swapFree: number
}

/** Counts since the interface came up. */
export interface TrafficIn {
  readonly bytes: number
  readonly packets: number
  readonly errors: number
  readonly dropped: number
  readonly fifoErrors: number
  readonly frameErrors: number
  readonly compressed: number
  readonly multicast: number
}

/** Counts since the interface came up. */
export interface TrafficOut {
  readonly bytes: number
  readonly packets: number
  readonly errors: number
  readonly dropped: number
  readonly fifoErrors: number
  readonly collisions: number
  readonly carrierErrors: number
  readonly compressed: number
}

export interface NetworkInterface {
  readonly name: string
  readonly in: TrafficIn
  readonly out: TrafficOut
  /** Mbit/s as the driver says it, -1 when the driver does not know; undefined when it cannot be asked. */
  readonly speedMbit: number | undefined
}

export interface DiskReading {
  /** Milliseconds on a clock that never jumps, when the counts were taken. */
  readonly atMs: number
  readonly disks: readonly Disk[]
}

/** Counts since boot; sectors are 512 bytes whatever the device. */
export interface Disk {
  readonly name: string
  readonly readRequests: number
  readonly readMerged: number
  readonly readSectors: number
  readonly readMs: number
  readonly writeRequests: number
  readonly writeMerged: number
  readonly writeSectors: number
  readonly writeMs: number
  /** The only one that also falls: requests in flight. */
  readonly inProgress: number
  readonly busyMs: number
  readonly weightedMs: number
}

export interface Mount {
  /** Device or what else is mounted. */
  readonly source: string
  readonly mountPoint: string
  readonly type: string
}

/** Bytes and inodes. */
export interface FileSystem {
  readonly totalBytes: number
  readonly freeBytes: number
  /** What ordinary users may still use. */
  readonly availableBytes: number
  /** 0 on file systems without a fixed number of inodes. */
  readonly totalInodes: number
  readonly freeInodes: number
}

/** Whatever a card does not tell is undefined. */
export interface Gpu {
  readonly uuid: string
  readonly fanPercent: number | undefined
  readonly celsius: number | undefined
  readonly memoryTotalMib: number | undefined
  readonly memoryUsedMib: number | undefined
  /** Share of the time in which memory was read or written. */
  readonly memoryPercent: number | undefined
  /** Share of the time in which a program ran on it. */
  readonly busyPercent: number | undefined
  readonly watts: number | undefined
}

export interface TrackedConnections {
  readonly count: number
  /** 0: as many as there may be. */
  readonly max: number
}

/** Time since boot, in microseconds, in which some tasks, or all that had something to do, waited for a resource. */
export interface Stalls {
  readonly someMicros: number
  /** Undefined where the kernel does not count it. */
  readonly fullMicros: number | undefined
}

export interface Pressure {
  /** Milliseconds on a clock that never jumps, when the counts were taken. */
  readonly atMs: number
  readonly cpu?: Stalls
  readonly memory?: Stalls
  readonly io?: Stalls
}

/** TCP sockets of IPv4 and IPv6. */
export interface Sockets {
  readonly established: number
  readonly closed: number
  readonly orphaned: number
  readonly timeWait: number
}

export interface SystemdUnit {
  /** `nginx.service` */
  readonly name: string
  /** `active`, `inactive`, `failed`, `activating`, `deactivating`, `reloading` and what newer ones add. */
  readonly state: string
}
