/** One series as a strict reader of Prometheus' text format 0.0.4 sees it. */
export interface StrictSeries {
  readonly name: string
  readonly labels: Record<string, string>
  readonly value: number
  readonly type: string
}

/**
 * Reads the format as its specification has it, character by character, and accepts nothing else.
 * @throws on the first line that breaks a rule: HELP and TYPE before the series, once each; the series of a family
 * together; no series twice; counters end in `_total`; the text ends with a line feed.
 */
export function parseStrictly(text: string): StrictSeries[] {
  const broken = (line: string, why: string) => new Error(`${why}: ${line}`)
  if (!text.endsWith('\n')) throw broken(text.slice(-40), 'the last line has no end')
  const families = new Map<string, string>()
  const helped = new Set<string>()
  const seen = new Set<string>()
  const series: StrictSeries[] = []
  let family = ''
  for (const line of text.slice(0, -1).split('\n')) {
    const help = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (?:[^\\]|\\\\|\\n)+$/.exec(line)
    const type = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge)$/.exec(line)
    if (help) {
      const [, name = ''] = help
      if (helped.has(name)) throw broken(line, 'a second HELP')
      helped.add(name)
    } else if (type) {
      const [, name = '', kind = ''] = type
      if (families.has(name)) throw broken(line, 'a second TYPE')
      if (!helped.has(name)) throw broken(line, 'TYPE without HELP')
      if (name.endsWith('_total') !== (kind === 'counter'))
        throw broken(line, 'a counter, and nothing else, ends in _total')
      families.set(name, kind)
      family = name
    } else {
      const one = readSeries(line)
      if (one.name !== family) throw broken(line, `a series outside of its family ${family}`)
      const key = `${one.name} ${Object.entries(one.labels)
        .map(String)
        .toSorted((a, b) => (a < b ? -1 : 1))
        .join('\n')}`
      if (seen.has(key)) throw broken(line, 'a series twice')
      seen.add(key)
      series.push({ ...one, type: families.get(family) ?? '' })
    }
  }
  return series
}

function readSeries(line: string): Omit<StrictSeries, 'type'> {
  const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(line)?.[0]
  if (name === undefined) throw new Error(`no name: ${line}`)
  let at = name.length
  const labels: Record<string, string> = {}
  const expectText = (text: string) => {
    if (!line.startsWith(text, at)) throw new Error(`no ${text} at ${at}: ${line}`)
    at += text.length
  }
  if (line[at] === '{') {
    at++
    while (line[at] !== '}') {
      const label = /^[a-zA-Z_][a-zA-Z0-9_]*/.exec(line.slice(at))?.[0]
      if (label === undefined || label in labels) throw new Error(`no new label at ${at}: ${line}`)
      at += label.length
      expectText('="')
      let value = ''
      for (; line[at] !== '"'; at++) {
        if (at >= line.length) throw new Error(`a label without end: ${line}`)
        if (line[at] !== '\\') value += line[at]
        else {
          const plain = { '\\': '\\', '"': '"', n: '\n' }[line[++at] ?? '']
          if (plain === undefined) throw new Error(`an unknown escape at ${at}: ${line}`)
          value += plain
        }
      }
      labels[label] = value
      at++
      if (line[at] !== '}') expectText(',')
    }
    at++
  }
  expectText(' ')
  const number = line.slice(at)
  if (!/^(?:[+-]Inf|NaN|[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/.test(number)) throw new Error(`no number: ${line}`)
  return { name, labels, value: Number(number.replace('Inf', 'Infinity')) }
}
