import type { ChartSpec } from '../../history/charts.ts'
import type { ChartData, ChartLine } from '../../history/history.ts'
import { slotCount } from '../../history/slots.ts'
import type { Slot } from '../../history/slots.ts'
import { escapeHtml } from '../answer.ts'
import { bytes, clockTime, number, shortBytes } from './format.ts'
import { isWord } from './texts.ts'
import type { Texts, Word } from './texts.ts'

/** The drawing in its own units; the page scales it. */
const width = 360
const height = 132
const left = 44
const right = 352
const top = 8
const bottom = 112

interface Scale {
  x(slot: number): number
  y(value: number): number
  /** Where the axis has its lines. */
  readonly marks: readonly number[]
}

/** A chart with its legend. `endMs` is the end of the newest slot. */
export function chartFigure(data: ChartData, slotMs: number, endMs: number, texts: Texts): string {
  const chart = withoutIdle(data)
  const { spec, lines } = chart
  const scale = scaleOf(chart)
  const grid = scale.marks.map((mark) => {
    const y = scale.y(mark).toFixed(1)
    const label = escapeHtml(short(Math.abs(mark), spec))
    return `<path class="mark" d="M${left} ${y}H${right}"/><text class="axis" x="${left - 4}" y="${y}" dy="3" text-anchor="end">${label}</text>`
  })
  const hour = Math.round((slotCount * slotMs) / 60_000)
  const minutes = [hour, hour / 2].map((before, i) => {
    const x = i === 0 ? left : (left + right) / 2
    const label = texts('minutesAgo', { minutes: Math.round(before) })
    return `<text class="axis" x="${x}" y="${bottom + 14}" text-anchor="${i === 0 ? 'start' : 'middle'}">${label}</text>`
  })
  const title = texts(`chart_${spec.id}` as Word)
  return `<figure class="card"><figcaption>${escapeHtml(title)}</figcaption>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(title)}">${grid.join('')}${minutes.join('')}
<text class="axis" x="${right}" y="${bottom + 14}" text-anchor="end">${texts('now')}</text>
${drawing(chart, scale)}${hovers(chart, slotMs, endMs, texts)}</svg>
${legend(lines, spec, texts)}</figure>`
}

/** Without the kinds that were nothing all the hour, as `steal` on a machine of its own. */
function withoutIdle({ spec, lines }: ChartData): ChartData {
  const seen = (line: ChartLine) => line.slots.some((slot) => slot !== undefined && slot.high >= 0.005)
  return { spec, lines: lines.filter((line, i) => i === 0 || line.group !== '' || seen(line)) }
}

function scaleOf({ spec, lines }: ChartData): Scale {
  const [highest, lowest] = spec.shape === 'stack' ? [stackTop(lines), 0] : extent(lines, spec)
  const up = spec.ceiling ?? niceAbove(highest, spec.unit)
  const down = lowest < 0 ? -niceAbove(-lowest, spec.unit) : 0
  const y = (value: number) => {
    const within = Math.min(up, Math.max(down, value))
    return bottom - ((within - down) / (up - down)) * (bottom - top)
  }
  const marks = down < 0 ? [up, 0, down] : [up, up / 2, 0]
  return { x: (slot) => left + ((slot + 0.5) * (right - left)) / slotCount, y, marks }
}

function stackTop(lines: readonly ChartLine[]): number {
  return Math.max(...Array.from({ length: slotCount }, (_, i) => sumAt(lines, i)))
}

function sumAt(lines: readonly ChartLine[], slot: number): number {
  return lines.reduce((sum, { slots }) => sum + (slots[slot]?.mean ?? 0), 0)
}

function extent(lines: readonly ChartLine[], spec: ChartSpec): [highest: number, lowest: number] {
  let highest = 0
  let lowest = 0
  for (const line of lines)
    for (const slot of line.slots) {
      if (slot && pointsDown(line, spec)) lowest = Math.min(lowest, -slot.high)
      else if (slot) highest = Math.max(highest, slot.high)
    }
  return [highest, lowest]
}

/** 1, 2 or 5 with zeros behind, at or above the value; of bytes within their binary units. */
function niceAbove(value: number, unit: ChartSpec['unit']): number {
  if (value <= 0) return 1
  const base = unit.startsWith('bytes') ? 1024 ** Math.max(0, Math.floor(Math.log(value) / Math.log(1024))) : 1
  const ten = 10 ** Math.floor(Math.log10(value / base))
  const step = [1, 2, 5, 10].find((factor) => factor * ten * base >= value * 0.999) ?? 10
  return step * ten * base
}

function drawing(chart: ChartData, scale: Scale): string {
  const { spec, lines } = chart
  if (spec.shape === 'stack') return stacked(lines, scale)
  const axis = spec.shape === 'mirror' ? `<path class="mark" d="M${left} ${scale.y(0).toFixed(1)}H${right}"/>` : ''
  return axis + lines.map((line) => drawnLine(line, chart, scale)).join('')
}

/** Areas on each other, the first at the bottom. */
function stacked(lines: readonly ChartLine[], scale: Scale): string {
  const below = Array.from({ length: slotCount }, () => 0)
  return lines
    .map((line, index) => {
      const area = runsOf(line.slots).map((run) => {
        const floor = run.map(({ at }) => point(scale, at, below[at] ?? 0))
        const ceiling = run.map(({ at, slot }) => point(scale, at, (below[at] = (below[at] ?? 0) + slot.mean)))
        return `M${[...widened(floor), ...widened(ceiling).toReversed()].join('L')}Z`
      })
      return `<path class="area c${index}" d="${area.join('')}"/>`
    })
    .join('')
}

/** A run of one slot has no width by itself. */
function widened(points: readonly string[]): readonly string[] {
  const [only] = points
  if (points.length !== 1 || only === undefined) return points
  const [x = '', y = ''] = only.split(' ')
  return [`${(Number(x) - 1).toFixed(1)} ${y}`, `${(Number(x) + 1).toFixed(1)} ${y}`]
}

/** The means, and behind them from the lowest to the highest of each slot where they differ. */
function drawnLine(line: ChartLine, { spec, lines }: ChartData, scale: Scale): string {
  const sign = pointsDown(line, spec) ? -1 : 1
  const color = `c${colorOf(line, lines)}`
  const runs = runsOf(line.slots)
  const mean = runs.map((run) => {
    const points = run.map(({ at, slot }) => point(scale, at, sign * slot.mean))
    // A dot is a line that goes nowhere.
    return points.length === 1 ? `M${points[0]}h0.01` : `M${points.join('L')}`
  })
  const bands = runs
    .filter((run) => run.some(({ slot }) => slot.high > slot.low))
    .map((run) => {
      const upper = run.map(({ at, slot }) => point(scale, at, sign * slot.high))
      const lower = run.map(({ at, slot }) => point(scale, at, sign * slot.low))
      return `M${[...widened(upper), ...widened(lower).toReversed()].join('L')}Z`
    })
  const band = bands.length === 0 ? '' : `<path class="band ${color}" d="${bands.join('')}"/>`
  return `${band}<path class="line ${color}" d="${mean.join('')}"/>`
}

function pointsDown({ metric }: ChartLine, spec: ChartSpec): boolean {
  return spec.shape === 'mirror' && metric === spec.lines[1]?.metrics[0]
}

/** Lines of one group share theirs, as the two directions of an interface. */
function colorOf(line: ChartLine, lines: readonly ChartLine[]): number {
  if (line.group === '') return lines.indexOf(line) % 8
  return [...new Set(lines.map(({ group }) => group))].indexOf(line.group) % 8
}

function point(scale: Scale, slot: number, value: number): string {
  return `${scale.x(slot).toFixed(1)} ${scale.y(value).toFixed(1)}`
}

/** Slots without a gap between them. */
function runsOf(slots: readonly (Slot | undefined)[]): { at: number; slot: Slot }[][] {
  const runs: { at: number; slot: Slot }[][] = []
  let open: { at: number; slot: Slot }[] | undefined
  slots.forEach((slot, at) => {
    if (!slot) {
      open = undefined
      return
    }
    if (!open) runs.push((open = []))
    open.push({ at, slot })
  })
  return runs
}

/** A strip for each slot that says, under the pointer, when it was and what was measured. */
function hovers({ spec, lines }: ChartData, slotMs: number, endMs: number, texts: Texts): string {
  const step = (right - left) / slotCount
  const strips: string[] = []
  for (let at = 0; at < slotCount; at++) {
    const said = lines.flatMap((line) => {
      const slot = line.slots[at]
      return slot ? [`${nameOf(line, spec, texts)}: ${shown(slot.mean, spec)}`] : []
    })
    if (said.length === 0) continue
    const ms = endMs - (slotCount - at) * slotMs
    const title = `<title data-ms="${ms}">${escapeHtml([clockTime(ms), ...said].join('\n'))}</title>`
    const x = (left + at * step).toFixed(1)
    strips.push(
      `<rect class="hover" x="${x}" y="${top}" width="${step.toFixed(1)}" height="${bottom - top}">${title}</rect>`,
    )
  }
  return strips.join('')
}

function legend(lines: readonly ChartLine[], spec: ChartSpec, texts: Texts): string {
  const rows = lines.map((line) => {
    const known = line.slots.filter((slot) => slot !== undefined)
    const mean = known.reduce((sum, slot) => sum + slot.mean, 0) / known.length
    const values = [
      known.at(-1)?.mean ?? NaN,
      Math.min(...known.map(({ low }) => low)),
      mean,
      Math.max(...known.map(({ high }) => high)),
    ]
    const name = escapeHtml(nameOf(line, spec, texts))
    const cells = values.map((value) => `<td class="n">${escapeHtml(short(value, spec))}</td>`)
    return `<tr><td class="name" title="${name}"><span class="dot c${colorOf(line, lines)}"></span>${name}</td>${cells.join('')}</tr>`
  })
  const heading = ['now', 'min', 'avg', 'max'].map((word) => `<th class="n">${texts(word as Word)}</th>`)
  return `<table class="legend"><thead><tr><th></th>${heading.join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`
}

function nameOf({ metric, group }: ChartLine, spec: ChartSpec, texts: Texts): string {
  if (spec.shape === 'mirror') return `${group} ${texts(metric === spec.lines[0]?.metrics[0] ? 'in' : 'out')}`
  if (group !== '') return group
  return isWord(metric) ? texts(metric) : metric
}

/** The same without the unit that the heading names. */
function short(value: number, spec: ChartSpec): string {
  return spec.unit.startsWith('bytes') ? shortBytes(value) : shown(value, spec)
}

function shown(value: number, { unit }: ChartSpec): string {
  switch (unit) {
    case 'percent':
      return `${number(Number(value.toFixed(value < 10 ? 2 : 1)))}%`
    case 'bytes':
      return bytes(value)
    case 'bytes per second':
      return `${bytes(value)}/s`
    case 'none':
      return number(Number(value.toFixed(2)))
    default:
      throw new Error(`Cannot show a value: unit ${String(unit satisfies never)}`)
  }
}
