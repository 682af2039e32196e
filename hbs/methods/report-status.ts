import { defineMethod, RpcRefusal } from '#lib/rpc'
import { readAgentReport } from '#protocol'
import type { AgentReportAnswer, SimpleRpcResponse } from '#protocol'
import type { HbsContext } from './context.ts'

/** Other agents of the same name that an answer lists. */
const mostNamed = 4

/** An agent is alive. Answered at once; the host's row is written soon after. */
export const reportStatus = defineMethod({
  name: 'Agent.ReportStatus',
  read: readAgentReport,
  handle(report, { agents, now }: HbsContext, peer): SimpleRpcResponse | AgentReportAnswer {
    const seen = agents.saw(report, peer)
    if (seen.accepted && typeof report.Instance !== 'string') return { code: 0 }
    // Ours want to know more; the old Windows agent takes no answer longer than 4096 bytes.
    if (seen.accepted)
      return {
        code: 0,
        time: now(),
        duplicates: seen.duplicates.slice(0, mostNamed),
        healthWanted: seen.healthWanted,
      }
    // Falcon: a report without a host's name is answered, with code 1.
    if (report.Hostname === '') return { code: 1 }
    throw new RpcRefusal(`Cannot take the report: ${seen.reason}`)
  },
})
