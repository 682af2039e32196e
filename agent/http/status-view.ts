import { compareBytes } from '#protocol'
import { findingsOf, isAboutAgent } from '../findings.ts'
import type { AgentStatus } from '../status.ts'
import { textsIn } from './page/texts.ts'

/** What `/status` answers: the page for programs, and for `agent status`. Times are unix milliseconds. */
export function statusView(status: AgentStatus, pid: number) {
  const { hostname, version, system, startedMs, nowMs, stepMs, send, heartbeat, use, counts } = status
  const texts = textsIn('en')
  const findings = findingsOf(status).map(({ level, kind, facts }) => ({
    level,
    kind,
    /** Else it is about the host, or about what a check watches. */
    aboutAgent: isAboutAgent(kind),
    what: texts(`find_${kind}`, facts),
    todo: texts(`todo_${kind}`, facts),
  }))
  const cpu = status.values.find(({ sample }) => sample.metric === 'agent.cpu')
  return {
    hostname,
    version,
    system,
    pid,
    startedMs,
    nowMs,
    stepMs,
    well: !findings.some(({ aboutAgent }) => aboutAgent),
    findings,
    send: send ?? null,
    heartbeat: heartbeat ?? null,
    /** Of one processor, over the last step; null before it is known. */
    cpuPercent: cpu?.sample.value ?? null,
    rssBytes: use.rssBytes,
    counts,
    plugins: [...status.plugins]
      .toSorted(([a], [b]) => compareBytes(a, b))
      .map(([key, { plugin, running, last }]) => ({ plugin: key, cycle: plugin.Cycle, running, last: last ?? null })),
    pluginProblems: status.pluginProblems,
    checks: status.checks,
    collectors: status.collectors,
  }
}

export type StatusView = ReturnType<typeof statusView>
