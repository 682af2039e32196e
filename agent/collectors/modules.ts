import { get } from 'node:http'
import { readExposition } from '#lib/metrics'
import type { ReadSeries } from '#lib/metrics'
import { counter, gauge, hostTags } from './collector.ts'
import type { CollectedSample, Collector } from './collector.ts'

/** Where a module answers `/metrics`. */
export interface WatchedModule {
  readonly name: string
  /** `host:port` */
  readonly address: string
  /** Named in the configuration: then it counts as dead when it does not answer, although it never did. */
  readonly expected: boolean
}

/** Where the modules of one machine listen unless they are told otherwise. */
const local: Readonly<Record<string, string>> = {
  hbs: '127.0.0.1:6031',
  'graph-query': '127.0.0.1:6071',
  judge: '127.0.0.1:6081',
  transfer: '127.0.0.1:6060',
}

/** `local`: those of this machine that answer; otherwise name → `host:port`. */
export function watchedModules(setting: 'local' | Readonly<Record<string, string>>): WatchedModule[] {
  const expected = setting !== 'local'
  return Object.entries(expected ? setting : local).map(([name, address]) => ({ name, address, expected }))
}

/** A module's answer takes milliseconds; one that hangs is dead to those who need it. */
const answerWithinMs = 3000
const longestAnswer = 4 * 2 ** 20

/**
 * What the modules say about themselves, as metrics of this host, and `falcon.module.alive` of each that is expected or was
 * seen once. `own` is what this agent says of itself.
 */
export function createModulesCollector(
  modules: readonly WatchedModule[],
  own: () => string,
  ask: (address: string) => Promise<string> = askMetrics,
): Collector {
  const known = new Set(modules.filter(({ expected }) => expected).map(({ name }) => name))

  async function ofModule({ name, address }: WatchedModule): Promise<CollectedSample[]> {
    let text: string
    try {
      text = await ask(address)
    } catch {
      // That is what `falcon.module.alive` is about.
      return known.has(name) ? [alive(name, 0)] : []
    }
    known.add(name)
    return [alive(name, 1), ...moduleSamples(name, text)]
  }

  return {
    name: 'modules',
    async collect() {
      const samples = await Promise.all(modules.map(ofModule))
      return [...samples.flat(), ...moduleSamples('agent', own())]
    },
  }
}

function alive(module: string, value: 0 | 1): CollectedSample {
  return gauge('falcon.module.alive', value, hostTags({ module }))
}

/**
 * `falcon_transfer_received_samples_total` of transfer → `falcon.transfer.received_samples`, a COUNTER; what is not the
 * module's own, as `process_open_fds`, → `falcon.module.process_open_fds`. Labels become tags, `module` is added.
 */
export function moduleSamples(module: string, text: string): CollectedSample[] {
  const prefix = `falcon_${module.replaceAll('-', '_')}_`
  return readExposition(text)
    .filter(({ value }) => Number.isFinite(value))
    .map((series) => {
      const { name, labels, value, type } = series
      const plain = type === 'counter' ? name.replace(/_total$/, '') : name
      const metric = plain.startsWith(prefix)
        ? `falcon.${module}.${plain.slice(prefix.length)}`
        : `falcon.module.${plain}`
      return (type === 'counter' ? counter : gauge)(metric, value, hostTags({ ...filled(labels), module }))
    })
}

/** A tag without a value is none. */
function filled(labels: ReadSeries['labels']): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''))
}

/** Rejects unless a whole answer with status 200 comes in time. */
function askMetrics(address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(answerWithinMs)
    const request = get(`http://${address}/metrics`, { agent: false, signal }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => {
        text += part
        if (text.length > longestAnswer) request.destroy(new Error(`its answer is longer than ${longestAnswer}`))
      })
      response.on('end', () => {
        if (response.statusCode === 200) resolve(text)
        else reject(new Error(`it answers ${response.statusCode}`))
      })
      response.on('error', reject)
    })
    request.on('error', reject)
  })
}
