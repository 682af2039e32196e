import { numberPattern } from './lines.ts'
import type { PluginSample } from './lines.ts'
import type { Plugin } from './plan.ts'

/** Status of a Nagios plugin: 0 ok, 1 warning, 2 critical, 3 unknown. */
const worstStatus = 3

/** To seconds and bytes. Nagios plugins mean 1024 where they say K. */
const factors: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  ms: 1e-3,
  kb: 2 ** 10,
  mb: 2 ** 20,
  gb: 2 ** 30,
  tb: 2 ** 40,
  pb: 2 ** 50,
}

const label = String.raw`'(?:[^']|'')+'|[^\s='|]+`
const perfdata = new RegExp(
  `(${label})=(${numberPattern.replace(String.raw`\.?`, '[.,]?')})([A-Za-z%]*)(?:;[^\\s]*)?`,
  'g',
)
const beginsWithPerfdata = new RegExp(String.raw`^[^|\n]*\|\s*(?:${label})=(?:U|[-+]?[.\d])`)

export interface NagiosResult {
  readonly samples: PluginSample[]
  /** What the plugin says to people: its first line. */
  readonly message: string
}

/**
 * Whether an output that is not JSON is that of a Nagios plugin: its exit code is a status, and either the file is called
 * `<seconds>_check_…` or the first line has performance data behind a `|`.
 */
export function isNagios(plugin: Plugin, exit: number | string | undefined, text: string): boolean {
  if (typeof exit !== 'number' || exit > worstStatus) return false
  return /^\+?\d+_check_/.test(fileName(plugin)) || beginsWithPerfdata.test(text)
}

/**
 * `nagios.status` with the exit code, and `nagios.<check>` for each value of the performance data with its label as a
 * tag: in seconds, bytes, percent or as it is; `c` makes a COUNTER. The unknown value `U` gives no sample.
 */
export function readNagios(plugin: Plugin, exit: number, text: string): NagiosResult {
  const check = checkName(plugin)
  const args = plugin.Args === '' ? '' : `,args=${tagValue(plugin.Args)}`
  const status = { metric: 'nagios.status', value: exit, tags: `check=${check}${args}`, counterType: 'GAUGE' }
  const values = [...perfdataOf(text).matchAll(perfdata)].map(([, label = '', number = '', unit = '']) => ({
    metric: `nagios.${check}`,
    value: normalised(Number(number.replace(',', '.')), unit),
    tags: `label=${tagValue(unquoted(label))}${args}`,
    counterType: unit === 'c' ? 'COUNTER' : 'GAUGE',
  }))
  return { samples: [status, ...values], message: (/^[^|\n]*/.exec(text.trimStart())?.[0] ?? '').trim().slice(0, 200) }
}

/** `app/60_check_disk.sh` → `disk` */
function checkName(plugin: Plugin): string {
  const name = fileName(plugin)
    .replace(/^\+?\d+_/, '')
    .replace(/^check_/, '')
    .replace(/\.[A-Za-z0-9]{1,4}$/, '')
  return name.replaceAll(/[^\w.-]/g, '_')
}

function fileName(plugin: Plugin): string {
  return plugin.FilePath.slice(plugin.FilePath.lastIndexOf('/') + 1)
}

/** Of the first line behind `|`, and of the lines behind a second `|` further down. */
function perfdataOf(text: string): string {
  const [first = '', ...others] = text.split(/\r?\n/)
  const long = others.join('\n')
  const behind = (part: string) => (part.includes('|') ? part.slice(part.indexOf('|') + 1) : '')
  return `${behind(first)} ${behind(long)}`
}

function normalised(value: number, unit: string): number {
  const factor = factors[unit.toLowerCase().replace('ib', 'b')] ?? 1
  // Without the noise that a fraction of two gets from a factor of ten.
  return Number((value * factor).toPrecision(15))
}

function unquoted(label: string): string {
  return label.startsWith("'") ? label.slice(1, -1).replaceAll("''", "'") : label
}

/** Without what divides tags. */
export function tagValue(text: string): string {
  return text.replaceAll(/[,=\s]+/g, '_').slice(0, 100)
}
