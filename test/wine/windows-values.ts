import { writeFileSync } from 'node:fs'
import { pino } from 'pino'
import type { CollectedSample } from '../../agent/collectors/collector.ts'
import { createWindowsCollectors } from '../../agent/collectors/windows/index.ts'
import type { CollectorSettings } from '../../agent/collectors/windows/index.ts'
import { bindWin32 } from '../../agent/host/windows/bind.ts'
import type { ProcessUse } from '../../agent/host/host.ts'
import { createWindowsHost } from '../../agent/host/windows.ts'

/** What a Windows says of itself through the agent. */
export interface WindowsValues {
  readonly samples: CollectedSample[]
  readonly ports: number[]
  readonly services: [string, boolean][]
  readonly runs: { readonly plugPlay: boolean | undefined; readonly nowhere: boolean | undefined }
  /** Milliseconds to this machine and to an address of documentation, which nobody has. */
  readonly echo: { readonly self: number | undefined; readonly nobody: number | undefined }
  readonly uptimeSeconds: number
  readonly processors: number
  readonly self: {
    readonly name: string | undefined
    readonly commandLine: string
    readonly use: ProcessUse | undefined
    readonly handles: number | undefined
    /** As Node itself tells. */
    readonly rssBytes: number
    readonly cpuSeconds: number
  }
  /** Programs that were not there before the collections. */
  readonly started: string[]
  /** Of the registry and of performance counters, which Wine has few of. */
  readonly registryValues: string[] | undefined
  readonly missingKey: string[] | undefined
  readonly text: string | undefined
  readonly missingText: string | undefined
  readonly counterStatus: { readonly known: number; readonly unknown: number; readonly collect: number }
  /** Milliseconds a collection, on the clock and of the processors, over `rounds` of them. */
  readonly cost: { readonly rounds: number; readonly firstMs: number; readonly wallMs: number; readonly cpuMs: number }
}

const settings: CollectorSettings = {
  windowsNames: 'both',
  ifaceInclude: [],
  mountPoint: [],
  ntpServers: false,
  iis: true,
  sqlServer: true,
  counters: [],
}

/** `windows-values <file> <rounds>`: runs on Windows, writes what it finds as JSON. */
async function main(file: string, rounds: number): Promise<void> {
  const win32 = await bindWin32()
  const host = createWindowsHost({ win32, answerMs: 30_000 })
  const collectors = createWindowsCollectors(host, settings, pino({ enabled: false }))
  const collect = async () => (await Promise.all(collectors.map((it) => it.collect()))).flat()
  const startedAt = performance.now()
  await collect()
  const firstMs = performance.now() - startedAt
  const before = new Set(win32.processes().keys())
  const cpu = process.cpuUsage()
  const from = performance.now()
  let samples: CollectedSample[] = []
  for (let i = 0; i < rounds; i++) samples = await collect()
  const wallMs = (performance.now() - from) / rounds
  const { user, system } = process.cpuUsage(cpu)
  const started = [...win32.processes()].filter(([pid]) => !before.has(pid)).map(([, { name }]) => name)
  const query = await win32.openCounterQuery()
  const known = (await query.add(String.raw`\System\System Up Time`)).status
  const unknown = (await query.add(String.raw`\Nothing\Of the kind`)).status
  const values: WindowsValues = {
    samples,
    ports: [...(await host.openPorts())],
    services: [...(await host.services())].map(([name, { running }]) => [name, running]),
    runs: { plugPlay: await host.serviceRunning('PlugPlay'), nowhere: await host.serviceRunning('Nowhere') },
    echo: { self: await host.echo('127.0.0.1', 5000), nobody: await host.echo('203.0.113.1', 200) },
    uptimeSeconds: await host.uptimeSeconds(),
    processors: await host.cpuCount(),
    self: {
      name: (await host.processNames()).get(process.pid),
      commandLine: await host.commandLine(process.pid),
      use: await host.processUse(process.pid),
      handles: await host.openFiles(process.pid),
      rssBytes: process.memoryUsage.rss(),
      cpuSeconds: (process.cpuUsage().user + process.cpuUsage().system) / 1e6,
    },
    started,
    registryValues: win32.registryValues(String.raw`SOFTWARE\Microsoft\Windows NT\CurrentVersion`),
    text: win32.registryText(String.raw`SOFTWARE\Microsoft\Windows NT\CurrentVersion`, 'CurrentBuild'),
    missingText: win32.registryText(String.raw`SOFTWARE\Nobody`, 'Nothing'),
    missingKey: win32.registryValues(String.raw`SOFTWARE\Nobody`),
    counterStatus: { known, unknown, collect: await query.collect() },
    cost: { rounds, firstMs, wallMs, cpuMs: (user + system) / 1000 / rounds },
  }
  query.close()
  writeFileSync(file, JSON.stringify(values))
}

void main(process.argv[2] ?? '', Number(process.argv[3] ?? 1))
