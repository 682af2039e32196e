import { defineCheck } from './check.ts'
import { findProcesses, readProcessPattern } from './process-pattern.ts'
import type { ProcessPattern } from './process-pattern.ts'

/** `name=<name>` and/or `cmdline=<part>`: how many processes match all of it. Kernel threads never do. */
export const processCount = defineCheck<ProcessPattern>({
  name: 'proc.num',
  metrics: ['proc.num'],
  read: readProcessPattern,
  async run(patterns, { host }) {
    const found = await findProcesses(host, patterns)
    return found.map((pids) => ({ values: { 'proc.num': pids.length } }))
  },
})
