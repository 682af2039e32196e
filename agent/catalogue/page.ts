import { catalogue } from './catalogue.ts'
import type { MetricGroup } from './entry.ts'

const introduction = `# Metrics of the agent

This page is made from \`agent/catalogue\`; a test fails when the two differ, or when the agent sends what is
not listed. What Open-Falcon's agent sends too has the same name, type and tags here, so strategies and screens of an
existing fleet go on working.

A GAUGE is stored as it is; a COUNTER grows for ever, what is stored and judged is its rate, and its unit here is that of
the rate. A sample also has the tags of \`default_tags\`. Metrics named in \`ignore\` are not sent: those that the example
configuration names have a "no" in the column Sent. With the setting \`hostRoot\` the agent reads the host whose root
is mounted there, for example from inside a container.

Everything comes from /proc, /sys, statfs and the socket of systemd. A program is started only on hosts with NVIDIA cards, whose driver is asked
by its own \`nvidia-smi\`.

On Windows everything comes from Windows itself by calls of its libraries, no program is started, and the metrics are those
under the titles that begin with Windows. They have the names of Autohome's Windows-Agent, so that its templates go on
working, and those of Linux, so that one template serves both systems; \`collector.windowsNames\` chooses one of the two.

Where the values differ from those of Open-Falcon's agent, on purpose:

- Shares and averages of processors and disks are over the step, not over its last second.
- Device mapper, software RAID, memory cards, IDE disks and SCSI disks beyond \`sdzz\` are sent too.
- A file system mounted over another is sent with its own type; mount points with blanks are sent; \`autofs\` is not asked.
- \`ss.synrecv\` is a real count; \`ss\` either says 0 or does not say it.
- Port checks read the kernel's tables, whatever the layout of \`ss\`; URL checks take URLs with \`=\` and \`,\`; directory
  checks ignore files that vanish meanwhile.
`

/** The text of docs/metrics.md. `ignored` are the metrics that the example configuration does not send. */
export function cataloguePage(ignored: ReadonlySet<string>): string {
  return [introduction, ...catalogue.map((group) => section(group, ignored))].join('\n')
}

function section(group: MetricGroup, ignored: ReadonlySet<string>): string {
  const tags = group.tags.length > 0 ? `Tags: ${group.tags.map((tag) => `\`${tag}\``).join(', ')}. ` : ''
  const rows = group.metrics.map(({ metric, counterType, unit, meaning }) => [
    `\`${metric}\``,
    counterType,
    unit,
    ignored.has(metric) ? 'no' : 'yes',
    meaning,
  ])
  return `## ${group.title}\n\n${tags}${group.note}\n\n${table([['Metric', 'Type', 'Unit', 'Sent', 'Meaning'], ...rows])}`
}

/** Columns as wide as their widest cell, as the formatter of this project leaves them. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(3, ...rows.map((row) => (row[column] ?? '').length)))
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`
  const [heading = '', ...body] = rows.map((row) => line(row.map((cell, column) => cell.padEnd(widths[column] ?? 0))))
  return heading + line(widths.map((width) => '-'.repeat(width))) + body.join('')
}
