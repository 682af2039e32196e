import type { FileWalk } from './file-walks.ts'

/**
 * What checks and pages ask of a machine, whatever its system. Each call reads afresh and rejects when the source cannot be
 * read.
 */
export interface Host {
  cpuCount(): Promise<number>
  uptimeSeconds(): Promise<number>
  /** Ports that TCP listens on or UDP is bound to, IPv4 and IPv6. */
  openPorts(): Promise<Set<number>>
  /** Names of all processes and kernel threads, by process id: on Linux 15 bytes at most, on Windows that of the file. */
  processNames(): Promise<Map<number, string>>
  /** Whether people mean a process of this name: on Windows small and capital letters are the same, `.exe` may be left out. */
  isNamed(name: string, wanted: string): boolean
  /**
   * Arguments joined without separator, on Windows as they were written; empty for kernel threads, zombies and processes
   * that are gone.
   * Rejects with `StuckError` when the process is stuck in the kernel.
   */
  commandLine(pid: number): Promise<string>
  /** Undefined for a process that has ended, or that the agent may not look at. */
  processUse(pid: number): Promise<ProcessUse | undefined>
  /** Files, sockets and pipes it has open, on Windows its handles; undefined as above. */
  openFiles(pid: number): Promise<number | undefined>
  /** Whether a service of that name runs; false for one that there is not, undefined where nothing manages services. */
  serviceRunning(name: string): Promise<boolean | undefined>
  /** Bytes below and including `path` as `du -bs` counts them; rejects when any part cannot be read or time is up. */
  treeSize(path: string, deadlineMs: number): Promise<number>
  /**
   * Asks file systems what `walk` wants to know, without holding up anything else. Rejects with `StuckError` after
   * `deadlineMs`. `name` tells walks apart: of two of the same name at the same time one is done.
   */
  walkFiles<T>(name: string, deadlineMs: number, walk: FileWalk<T>): Promise<T>
  /**
   * Sends one ICMP echo to an IP address: milliseconds until its reply, undefined when none comes in time. Rejects with
   * `UnreachableError` when the system cannot send there, else when this process may not send echoes at all.
   */
  echo(address: string, timeoutMs: number): Promise<number | undefined>
  /** What the machine has been asked and does not answer: each holds a thread, for which the end of the process waits. */
  unanswered(): string[]
}

/** What a process takes of its machine. */
export interface ProcessUse {
  /** Differs from what a later process under the same id has. */
  readonly started: number
  /** Of a processor, since it started, all threads together. */
  readonly cpuSeconds: number
  readonly residentBytes: number
  readonly threads: number
}
