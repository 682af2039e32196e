/** What one run may use, with everything it starts; `Infinity` is no limit. */
export interface RunLimits {
  /** Seconds of processor time, of all processors together. */
  readonly cpuSeconds: number
  readonly memoryBytes: number
  /** At the same moment. */
  readonly processes: number
}

export const noLimits: RunLimits = { cpuSeconds: Infinity, memoryBytes: Infinity, processes: Infinity }

/** A process of a run that goes on. Its start tells it from a later one with the same number. */
export interface RunProcess {
  readonly pid: number
  readonly start: number
  readonly name: string
}

/** Keeps one run together: the program and all it started, also what left its process group. */
export interface RunGuard {
  /** Looks at the run; a text says which limit it is over. */
  check(): Promise<string | undefined>
  /** What goes on now, the program itself left out. */
  others(): Promise<RunProcess[]>
  /** Ends everything; a text says what could not be ended. */
  end(): Promise<string | undefined>
  /** To be called last: lets go of what the guard holds. */
  close(): void
}

/** How a run's processes are told from all others, by system. */
export interface Guards {
  /** Goes into the environment of the program; empty where the system does not need it. */
  mark(): Readonly<Record<string, string>>
  /** At once after the start of `pid`, so that nothing can get away before. */
  watch(pid: number, mark: Readonly<Record<string, string>>, limits: RunLimits): RunGuard
  /** Those that have not ended since. */
  alive(processes: readonly RunProcess[]): RunProcess[]
  /** Ends processes that a run left. */
  endAll(processes: readonly RunProcess[]): Promise<string | undefined>
}

/** `3 processes: sleep (pid 12), …`, at most five by name. */
export function namesOf(processes: readonly RunProcess[]): string {
  const named = processes.slice(0, 5).map(({ name, pid }) => `${name} (pid ${pid})`)
  const more = processes.length > named.length ? ', …' : ''
  return `${processes.length} ${processes.length === 1 ? 'process' : 'processes'}: ${named.join(', ')}${more}`
}

/** Which limit is passed, in words; undefined when none is. */
export function overLimit(
  use: { cpuSeconds: number; memoryBytes: number; processes: number },
  limits: RunLimits,
): string | undefined {
  if (use.processes > limits.processes) return `${use.processes} processes, ${limits.processes} are allowed`
  if (use.memoryBytes > limits.memoryBytes)
    return `${megabytes(use.memoryBytes)} MB of memory, ${megabytes(limits.memoryBytes)} MB are allowed`
  if (use.cpuSeconds > limits.cpuSeconds)
    return `${use.cpuSeconds.toFixed(1)} s of processor time, ${limits.cpuSeconds} s are allowed`
  return undefined
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 2 ** 20)
}
