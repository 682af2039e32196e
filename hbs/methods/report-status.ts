import { defineMethod, RpcRefusal } from '#lib/rpc'
import { readAgentReport } from '#protocol'
import type { HbsContext } from './context.ts'

/** An agent is alive. Answered at once; the host's row is written soon after. */
export const reportStatus = defineMethod({
  name: 'Agent.ReportStatus',
  read: readAgentReport,
  handle(report, { agents }: HbsContext) {
    const seen = agents.saw(report)
    if (seen.accepted) return { code: 0 }
    // Falcon: a report without a host's name is answered, with code 1.
    if (report.Hostname === '') return { code: 1 }
    throw new RpcRefusal(`Cannot take the report: ${seen.reason}`)
  },
})
