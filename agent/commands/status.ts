import { ago, bytes, number, span } from '../http/page/format.ts'
import { textsIn } from '../http/page/texts.ts'
import type { StatusView } from '../http/status-view.ts'
import { openService } from '../service/open-service.ts'
import { askAgent } from './ask-agent.ts'
import { readCommandLine } from './own-settings.ts'

/**
 * `agent status [--config FILE]`: who keeps the agent, and what it says of itself. Resolves to the exit code: 0 when it is
 * well, 1 when something is wrong with it, 2 for bad arguments or a bad configuration, 3 when it does not run, 4 when that
 * cannot be told.
 */
export async function showStatus(argv: readonly string[]): Promise<number> {
  const line = await readCommandLine(argv, 'agent status [--config FILE]', 0)
  if (!line) return 2
  const service = await (await openService()).state()
  const print = (name: string, text: string) => process.stdout.write(`${name.padEnd(12)} ${text}\n`)
  const answer = await askAgent(line.loaded.value, '/status')
  const otherwise = !service.running && answer.outcome === 'answered'
  print('service', otherwise ? 'none: it was started otherwise, by ./control for example' : service.text)
  if (answer.outcome === 'not running') {
    print('agent', `not running: nobody listens on ${line.loaded.value.http.listen}`)
    return 3
  }
  const view = answer.outcome === 'answered' ? readView(answer.body) : undefined
  if (!view) {
    const reason = answer.outcome === 'unknown' ? answer.reason : 'what answers there is no agent of this version'
    print('agent', `cannot be asked: ${reason}`)
    return 4
  }
  for (const [name, text] of statusLines(view)) print(name, text)
  return view.well ? 0 : 1
}

function readView(body: string): StatusView | undefined {
  try {
    const { data } = JSON.parse(body) as { data?: StatusView }
    return Array.isArray(data?.findings) ? data : undefined
  } catch {
    return undefined
  }
}

/** Name and text of each line. */
export function statusLines(view: StatusView): [string, string][] {
  const texts = textsIn('en')
  const since = (atMs: number | null | undefined) => ago(atMs ?? undefined, view.nowMs, texts)
  const { send, heartbeat, counts, plugins, checks, collectors, findings, nowMs, startedMs } = view
  const sum = (prefix: string) =>
    Object.entries(counts).reduce((total, [name, count]) => total + (name.startsWith(prefix) ? count : 0), 0)
  const failing = plugins.filter(({ last }) => last?.error !== undefined).length + view.pluginProblems.length
  const failed = checks.filter(({ last }) => last?.reason !== undefined).length
  const cpu = view.cpuPercent === null ? 'CPU not known yet' : `CPU ${number(view.cpuPercent)} % of one processor`
  const lines: [string, string][] = [
    ['agent', `runs for ${span(nowMs - startedMs, texts)}: pid ${view.pid}, version ${view.version}, ${view.hostname}`],
    ['costs', `${cpu}, ${bytes(view.rssBytes)} of memory`],
  ]
  if (send) {
    const waiting = `${number(send.memoryItems + send.spoolItems)} waiting`
    const spool = `spool ${bytes(send.spoolBytes)} of ${bytes(send.spoolMaxBytes)}`
    const gone = `${number(sum('dropped.'))} dropped, ${number(sum('refused.'))} refused`
    lines.push(['samples', `${number(counts['delivered'] ?? 0)} delivered, ${waiting} (${spool}), ${gone}`])
    const at = send.peer ?? send.addresses.join(', ')
    lines.push(['transfer', send.trouble ?? `${at}, acknowledged ${since(send.lastDeliveryMs)}`])
  } else lines.push(['transfer', 'switched off'])
  if (heartbeat) {
    const { skew } = heartbeat
    const clock = skew
      ? `, this clock ${skew.seconds > 0 ? '+' : ''}${skew.seconds} s (± ${number(skew.withinSeconds)} s)`
      : ''
    const at = heartbeat.peer ?? heartbeat.addresses.join(', ')
    lines.push(['hbs', heartbeat.trouble ?? `${at}, answered ${since(heartbeat.lastMs)}${clock}`])
  } else lines.push(['hbs', 'switched off'])
  lines.push(['collectors', collectors.length === 0 ? 'all work' : collectors.map(troubleText).join('; ')])
  lines.push(['plugins', `${plugins.length}, ${failing} failing`])
  lines.push(['checks', `${checks.length}, ${failed} failing`])
  if (findings.length === 0) lines.push(['verdict', 'all is well'])
  for (const { level, what, todo } of findings) {
    lines.push([level === 'bad' ? 'WRONG' : 'warning', what])
    lines.push(['', todo])
  }
  return lines
}

function troubleText({ collector, kind, reason }: StatusView['collectors'][number]): string {
  return kind === 'hangs' ? `${collector} hangs` : `${collector} failed: ${reason ?? ''}`
}
