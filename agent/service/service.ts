/** What became of an order, as a sentence for a person. */
export interface Outcome {
  readonly ok: boolean
  readonly text: string
}

/** What the system knows of the agent. */
export interface ServiceState {
  /** Whether it comes back after a restart of the machine. */
  readonly installed: boolean
  readonly running: boolean
  readonly pid?: number
  /** One line: who keeps it, since when. */
  readonly text: string
}

/**
 * Whoever starts this agent again when it ends: systemd, the service manager of Windows, or where there is neither a
 * supervisor of our own. An order that finds its work done already is ok and says so; what the system refuses is not ok.
 */
export interface Service {
  /** From now on the machine starts the agent with these arguments when it starts itself. Does not start it now. */
  install(args: readonly string[], limits: ServiceLimits): Promise<Outcome>
  /** Stops it and takes back all that `install` did. Configuration, logs and unsent samples stay. */
  uninstall(): Promise<Outcome>
  /** Settles when it runs, or with the reason why it does not. `args` are for one that is not installed. */
  start(args: readonly string[]): Promise<Outcome>
  /** Settles when it is gone; what it held is sent or in its spool. */
  stop(): Promise<Outcome>
  state(): Promise<ServiceState>
}

/** What the system enforces, where it can; 0 is no limit. */
export interface ServiceLimits {
  readonly memoryMegabytes: number
  /** Of one processor. */
  readonly cpuPercent: number
}
