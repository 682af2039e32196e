import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { counter, gauge } from './collector.ts'
import { createModulesCollector, moduleSamples, watchedModules } from './modules.ts'
import { catalogue } from '../catalogue/catalogue.ts'

const text = `# HELP falcon_graph_query_stored_samples_total Stored
# TYPE falcon_graph_query_stored_samples_total counter
falcon_graph_query_stored_samples_total 12
# TYPE falcon_graph_query_refused_samples_total counter
falcon_graph_query_refused_samples_total{reason="too old, by far",empty=""} 3
# TYPE process_open_fds gauge
process_open_fds 20
# TYPE falcon_graph_query_odd gauge
falcon_graph_query_odd NaN
`

test("counters become COUNTERs without _total, labels become tags, and what is not the module's own goes by falcon.module", () => {
  expect(moduleSamples('graph-query', text)).toEqual([
    counter('falcon.graph-query.stored_samples', 12, 'module=graph-query'),
    counter('falcon.graph-query.refused_samples', 3, String.raw`module=graph-query,reason=too\040old\054\040by\040far`),
    gauge('falcon.module.process_open_fds', 20, 'module=graph-query'),
  ])
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('one module answers, one hangs, one is away, one says it has no such page: each costs only its own metrics', async () => {
  const good = await serve((_request, response) => void response.end('# TYPE falcon_hbs_x gauge\nfalcon_hbs_x 1\n'))
  const hanging = await serve(() => undefined)
  const other = await serve((_request, response) => void response.writeHead(404).end('falcon_hbs_y 1\n'))
  const modules = watchedModules({ hbs: good, judge: hanging, transfer: '127.0.0.1:1', 'graph-query': other })
  const samples = await createModulesCollector(modules, () => '').collect()
  expect(samples).toEqual([
    gauge('falcon.module.alive', 1, 'module=hbs'),
    gauge('falcon.hbs.x', 1, 'module=hbs'),
    ...['judge', 'transfer', 'graph-query'].map((name) => gauge('falcon.module.alive', 0, `module=${name}`)),
  ])
})

test('a module that nobody named and that never answered is not missed; once seen, it is', async () => {
  let up = false
  const ask = (address: string) =>
    up && address.endsWith(':6060') ? Promise.resolve('') : Promise.reject(new Error('away'))
  const collector = createModulesCollector(watchedModules('local'), () => '', ask)
  expect(await collector.collect()).toEqual([])
  up = true
  expect(await collector.collect()).toEqual([gauge('falcon.module.alive', 1, 'module=transfer')])
  up = false
  expect(await collector.collect()).toEqual([gauge('falcon.module.alive', 0, 'module=transfer')])
})

test('the agent itself is always there, and the catalogue lists these metrics by their prefixes', async () => {
  const samples = await createModulesCollector([], () => 'falcon_agent_waiting_samples 2\n').collect()
  expect(samples).toEqual([gauge('falcon.agent.waiting_samples', 2, 'module=agent')])
  const listed = catalogue.flatMap(({ metrics }) => metrics.map(({ metric }) => metric))
  for (const module of ['agent', 'transfer', 'hbs', 'judge', 'graph-query', 'module'])
    expect(listed).toContain(`falcon.${module}.*`)
})
