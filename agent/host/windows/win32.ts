/**
 * What the agent needs of Windows, as plain functions that give numbers, texts, and buffers in the layout that 64-bit
 * Windows fills. What may have to wait for a device, a service or another program is asked on another thread and gives a
 * promise. Tests have doubles of it with recorded buffers; `bind.ts` makes the real one.
 */
export interface Win32
  extends SystemCalls, StorageCalls, NetworkCalls, EchoCalls, ProcessCalls, ServiceCalls, RegistryCalls {
  /** An empty list of performance counters; `pdh.dll` is loaded by the first call. */
  openCounterQuery(): Promise<CounterQuery>
}

export interface SystemCalls {
  /** Three times of 8 bytes in units of 100 ns: idle, kernel (idle is part of it), user. */
  systemTimes(): Buffer
  /** PERFORMANCE_INFORMATION, 104 bytes. */
  performanceInformation(): Buffer
  /** Milliseconds since the system started. */
  tickCount(): number
  /** Of all processor groups. */
  processorCount(): number
}

export interface StorageCalls {
  /** One bit a letter, the lowest is A. */
  logicalDrives(): number
  /** 2 removable, 3 fixed, 4 network, 5 optical, 6 RAM. `root` is such as `C:\`. */
  driveType(root: string): number
  /** Undefined when the drive is empty or cannot be read. */
  volume(root: string): Promise<VolumeAnswer | undefined>
  /** Names of all devices, each ended by a NUL. */
  deviceNames(): string
  /** DISK_PERFORMANCE, 88 bytes, of a device such as `PhysicalDrive0`; undefined where Windows does not count, or no longer has it. */
  diskPerformance(device: string): Promise<Buffer | undefined>
}

export interface VolumeAnswer {
  /** Three sizes of 8 bytes: available to the caller, total, free. */
  readonly sizes: Buffer
  /** `NTFS`, `ReFS`, `FAT32`; empty when there is none. */
  readonly fileSystem: string
}

/** Records that point to each other: `address` is where in memory `bytes` were when Windows filled them. */
export interface Block {
  readonly bytes: Buffer
  readonly address: bigint
}

export interface NetworkCalls {
  /** A chain of IP_ADAPTER_ADDRESSES: the adapters that IP uses, up or down. */
  adapters(): Block
  /** MIB_IF_ROW2, 1352 bytes; undefined when the interface is gone. */
  interfaceRow(index: number): Buffer | undefined
  /** MIB_TCPSTATS, 60 bytes. */
  tcpStatistics(family: AddressFamily): Buffer
  /** MIB_UDPSTATS, 20 bytes. */
  udpStatistics(family: AddressFamily): Buffer
  /** A count of 4 bytes, then rows: listening sockets of TCP, bound ones of UDP. */
  socketTable(protocol: 'tcp' | 'udp', family: AddressFamily): Promise<Buffer>
}

export interface EchoCalls {
  /** Sends an ICMP echo. @throws UnreachableError when Windows cannot send there. */
  sendEcho(address: string, timeoutMs: number): PendingEcho
}

/** To be closed when it is over. */
export interface PendingEcho {
  /** Whether the reply is there, or the time is up. */
  isOver(): boolean
  /** Until the reply; undefined when none came, or something on the way says that none will. */
  milliseconds(): number | undefined
  close(): void
}

/** AF_INET and AF_INET6. */
export type AddressFamily = 2 | 23

export interface ProcessCalls {
  /** All programs by process id. */
  processes(): Map<number, ProcessEntry>
  /** As it was given when the process started; undefined when the process is gone or may not be asked. */
  commandLine(pid: number): string | undefined
  /** Undefined as above. */
  processUse(pid: number): ProcessAnswer | undefined
  /** Open handles; undefined as above. */
  handleCount(pid: number): number | undefined
}

export interface ProcessEntry {
  /** Of the program's file, such as `sqlservr.exe`. */
  readonly name: string
  readonly threads: number
}

export interface ProcessAnswer {
  /** Four times of 8 bytes in units of 100 ns: when it started and ended, and how long it was in the kernel and outside. */
  readonly times: Buffer
  /** PROCESS_MEMORY_COUNTERS, 72 bytes. */
  readonly memory: Buffer
}

export interface ServiceCalls {
  /** ENUM_SERVICE_STATUS_PROCESSW of all services, and how many there are. */
  services(): Promise<Block & { readonly count: number }>
  /** SERVICE_STATUS_PROCESS, 36 bytes; undefined when there is no such service, or it may not be asked. */
  service(name: string): Promise<Buffer | undefined>
}

export interface RegistryCalls {
  /** Names of the values of a key of the local machine; undefined when there is no such key. */
  registryValues(key: string): string[] | undefined
  /** A value that is text; undefined when there is none. */
  registryText(key: string, name: string): string | undefined
}

/** Performance counters that are read together. Calls come one after the other. */
export interface CounterQuery {
  /** `path` as English Windows writes it, whatever the language of this one. */
  add(path: string): Promise<{ readonly status: number; readonly counter: bigint }>
  /** Reads all of them; the status. */
  collect(): Promise<number>
  /** As a double, not capped at 100 %; of a rate, since the reading before. */
  value(counter: bigint): { readonly status: number; readonly value: number }
  close(): void
}
