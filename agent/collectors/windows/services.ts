import type { Service, WindowsHost } from '../../host/windows/host.ts'
import { gauge, hostTags } from '../collector.ts'
import type { CollectedSample, Collector } from '../collector.ts'

export interface ServiceChoice {
  readonly iis: boolean
  readonly sqlServer: boolean
}

/**
 * Falcon: metrics of Windows-Agent, by the services that each is about. There it is 1 for a service that is merely
 * installed; here one has to run. Newer versions of SQL Server have their number in the name, or another name.
 */
const ofIis = [{ metric: 'service.alive', isMeant: named('w3svc') }]
const ofSqlServer = [
  { metric: 'MSDtsServer.alive', isMeant: (name: string) => /^msdtsserver\d*$/.test(name) },
  { metric: 'ReportServer.alive', isMeant: named('reportserver', 'sqlserverreportingservices') },
  { metric: 'SQLServerAgent.alive', isMeant: named('sqlserveragent') },
  { metric: 'SQLBrowser.alive', isMeant: named('sqlbrowser') },
  { metric: 'MSSQLSERVER.alive', isMeant: named('mssqlserver') },
]
const ofInstances = [
  { metric: 'MSSQLSERVER.alive', prefix: 'mssql$' },
  { metric: 'SQLServerAgent.alive', prefix: 'sqlagent$' },
]

/** The list of all services is long, so what is installed is looked up as rarely as that. */
const lookAgainMs = 10 * 60_000

/** Whether IIS and SQL Server run. Any other service is watched by the check `service.state`. */
export function createServicesCollector(
  host: Pick<WindowsHost, 'services' | 'serviceRunning' | 'now'>,
  choice: ServiceChoice,
): Collector {
  let installed: ReadonlyMap<string, Service> = new Map()
  let lookedAt = -Infinity

  /** All of them, or those that matter. */
  async function look(): Promise<ReadonlyMap<string, Service>> {
    if (host.now() - lookedAt < lookAgainMs) {
      const states = [...installed].map(async ([key, { name }]): Promise<[string, Service]> => [
        key,
        { name, running: (await host.serviceRunning(name)) === true },
      ])
      return new Map(await Promise.all(states))
    }
    const all = await host.services()
    lookedAt = host.now()
    installed = new Map([...all].filter(([key]) => matters(key)))
    return all
  }

  return { name: 'services', collect: async () => serviceSamples(await look(), choice) }
}

/** `name` in lower case. */
function matters(name: string): boolean {
  return (
    [...ofIis, ...ofSqlServer].some(({ isMeant }) => isMeant(name)) ||
    ofInstances.some(({ prefix }) => name.startsWith(prefix))
  )
}

/** `services` by their name in lower case. */
export function serviceSamples(services: ReadonlyMap<string, Service>, choice: ServiceChoice): CollectedSample[] {
  const wanted = [...(choice.iis ? ofIis : []), ...(choice.sqlServer ? ofSqlServer : [])]
  const groups = wanted.map(({ metric, isMeant }) => ({
    metric,
    meant: [...services].filter(([name]) => isMeant(name)),
  }))
  const instances = choice.sqlServer ? instanceServices(services) : []
  return [
    ...groups.map(({ metric, meant }) => gauge(metric, meant.some(([, service]) => service.running) ? 1 : 0)),
    ...instances.map(({ metric, instance, service }) => gauge(metric, service.running ? 1 : 0, hostTags({ instance }))),
  ]
}

/** Services of the named instances of SQL Server. */
function instanceServices(services: ReadonlyMap<string, Service>) {
  return ofInstances.flatMap(({ metric, prefix }) =>
    [...services]
      .filter(([name]) => name.startsWith(prefix))
      .map(([, service]) => ({ metric, service, instance: service.name.slice(prefix.length) })),
  )
}

function named(...names: readonly string[]): (name: string) => boolean {
  return (name) => names.includes(name)
}
