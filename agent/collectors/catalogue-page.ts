import { catalogue } from './catalogue.ts'
import type { MetricGroup } from './catalogue.ts'

const introduction = `# Metrics of the agent

This page is made from \`agent/collectors/catalogue.ts\`; a test fails when the two differ, or when the agent sends what is
not listed. Every metric has the name, type and tags that Open-Falcon's agent gives it, so strategies and screens of an
existing fleet go on working.

A GAUGE is stored as it is; a COUNTER grows for ever, what is stored and judged is its rate, and its unit here is that of
the rate. A sample also has the tags of \`default_tags\`. Metrics named in \`ignore\` are not sent. With the environment variable
\`NUX_ROOTFS\` the agent reads the host whose root is mounted there, for example from inside a container.

No program is started: everything comes from /proc, /sys and statfs. GPU metrics (\`gpu.*\`) need the vendor's library and
are not collected yet.
`

/** The text of docs/metrics.md. */
export function cataloguePage(): string {
  return [introduction, ...catalogue.map(section)].join('\n')
}

function section(group: MetricGroup): string {
  const tags = group.tags.length > 0 ? `Tags: ${group.tags.map((tag) => `\`${tag}\``).join(', ')}. ` : ''
  const rows = group.metrics.map((entry) => [`\`${entry.metric}\``, entry.counterType, entry.unit, entry.meaning])
  return `## ${group.title}\n\n${tags}${group.note}\n\n${table([['Metric', 'Type', 'Unit', 'Meaning'], ...rows])}`
}

/** Columns as wide as their widest cell, as the formatter of this project leaves them. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(3, ...rows.map((row) => (row[column] ?? '').length)))
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`
  const [heading = '', ...body] = rows.map((row) => line(row.map((cell, column) => cell.padEnd(widths[column] ?? 0))))
  return heading + line(widths.map((width) => '-'.repeat(width))) + body.join('')
}
