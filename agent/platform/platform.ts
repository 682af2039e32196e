import type { Logger } from '#lib/log'
import type { Collector } from '../collectors/collector.ts'
import type { AgentConfig } from '../config.ts'
import type { Host } from '../host/host.ts'
import type { Routes } from '../http/server.ts'
import type { LastValues } from '../last-values.ts'

/** What differs between the systems an agent runs on. */
export interface Platform {
  readonly host: Host
  /** Everything that is collected each step, in the order it is sent. */
  collectors(settings: AgentConfig['collector'], log: Logger): Collector[]
  /** The read-only pages about the machine. */
  pages(options: { lastValues: LastValues; hostname: () => string; now: () => number }): Routes
}
