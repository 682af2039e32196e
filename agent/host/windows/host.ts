import type { Host } from '../host.ts'
import type { CounterQuery } from './win32.ts'

/** What collectors ask of a Windows machine, beside what is asked of every one. */
export interface WindowsHost extends Host {
  cpuTimes(): Promise<CpuTimes>
  memory(): Promise<Memory>
  /** Letters of fixed and removable drives, without the floppy drive A. */
  drives(): Promise<string[]>
  /** Undefined when the drive is empty. Rejects with `StuckError` when it does not answer in time. */
  volume(letter: string): Promise<Volume | undefined>
  disks(): Promise<DiskReading>
  /** Adapters that IP uses and whose name is wanted. */
  adapters(wants: (name: string) => boolean): Promise<Adapter[]>
  connections(): Promise<Connections>
  /** Services by their name in lower case: Windows does not mind how it is written. */
  services(): Promise<Map<string, Service>>
  /** Names of the instances of SQL Server; the default one is `MSSQLSERVER`. */
  sqlServerInstances(): Promise<string[]>
  /** Whether Windows Update, or a part of Windows that was installed, waits for a restart. */
  rebootPending(): Promise<boolean>
  /** Names that the time service of Windows follows; none in a domain, where it follows the domain controllers. */
  timeServers(): string[]
  counterQuery(): Promise<CounterQuery>
  /** Milliseconds on a clock that never jumps. */
  now(): number
}

/** Since the system started, in units of 100 ns, all processors together. */
export interface CpuTimes {
  readonly idle: number
  /** Without idle. */
  readonly system: number
  readonly user: number
}

/** Bytes. */
export interface Memory {
  readonly total: number
  /** Unused, or holding copies of files that can be dropped. */
  readonly available: number
  /** What programs were promised, and what can be promised at most: memory and page files. */
  readonly committed: number
  readonly commitLimit: number
}

/** Bytes. */
export interface Volume {
  readonly fileSystem: string
  readonly total: number
  readonly free: number
  /** To those who are under a quota, less than what is free. */
  readonly available: number
}

export interface DiskReading {
  /** Milliseconds on a clock that never jumps, when the counts were taken. */
  readonly atMs: number
  readonly disks: readonly Disk[]
}

/** Counts since the disk was first asked. */
export interface Disk {
  /** `PhysicalDrive0` */
  readonly name: string
  readonly bytesRead: number
  readonly bytesWritten: number
  readonly readMs: number
  readonly writeMs: number
  readonly idleMs: number
  readonly reads: number
  readonly writes: number
  /** Requests now under way. */
  readonly queueLength: number
}

/** Counts since the adapter came up. */
export interface Traffic {
  readonly bytes: number
  readonly packets: number
  readonly errors: number
  readonly dropped: number
}

export interface Adapter {
  /** As the control panel shows it, in the language of the system. */
  readonly name: string
  readonly in: Traffic
  readonly out: Traffic
  /** 0 when it is not connected. */
  readonly bitsPerSecond: number
}

/** IPv4 and IPv6 together; all but `established` grow since the system started. */
export interface Connections {
  readonly established: number
  readonly tcpSegmentsRetransmitted: number
  readonly udpIn: number
  readonly udpNoPorts: number
  readonly udpInErrors: number
  readonly udpOut: number
}

export interface Service {
  /** As it is written. */
  readonly name: string
  readonly running: boolean
}
