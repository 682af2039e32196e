import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync, readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { availableParallelism, freemem, hostname, loadavg, release, totalmem, uptime } from 'node:os'
import { isAbsolute, join, relative } from 'node:path'
import { isSea } from 'node:sea'
import { parseListen } from '#lib/address'
import type { LoadedConfig } from '#lib/config'
import { createLogger } from '#lib/log'
import { projectRoot, version } from '#lib/module'
import { askAgent } from '../commands/ask-agent.ts'
import type { AgentConfig } from '../config.ts'
import { loadOrders } from '../heartbeat/orders.ts'
import { createInventory } from '../host/inventory.ts'
import { hbsPeers, transferPeers } from '../peers.ts'
import { createRedactor, secretsOf, secretsOfPlugins, withoutSecretMembers } from './redact.ts'
import type { ArchiveFile } from './tar.ts'

const tailBytes = 256 * 1024
const mostPluginLogs = 50
const connectMs = 3000

/** A file before it is redacted. */
interface Found {
  readonly name: string
  readonly text: string
}

/** What helps to find out why an agent does what it does, without secrets; and what could not be had, as sentences. */
export async function gatherFlare(
  loaded: LoadedConfig<AgentConfig>,
): Promise<{ files: ArchiveFile[]; missing: string[] }> {
  const config = loaded.value
  const at = (path: string) => (isAbsolute(path) ? path : join(projectRoot, path))
  const quiet = createLogger('agent', { destination: { write: () => undefined } })
  const orders = loadOrders(join(at(config.dataDir), 'heartbeat.json'), quiet)
  const missing: string[] = []
  const asked = await askAll(config, missing)
  const plugins = pluginsOf(asked)
  const redact = createRedactor([...secretsOf(config), ...secretsOfPlugins([...orders.plugins, ...plugins])])
  const json = (name: string, value: unknown): Found => ({ name, text: JSON.stringify(value, null, 2) })
  const found: Found[] = [
    json('config.json', { file: loaded.file, unknownKeys: loaded.unknownKeys, config: withoutSecretMembers(config) }),
    json('orders.json', { ...orders, plugins: orders.plugins.map(withoutArgs) }),
    json('environment.json', environment()),
    json('reachable.json', await reachable([...transferPeers(config), ...hbsPeers(config)])),
    json('inventory.json', await inventory(missing)),
    ...asked,
    ...logs(at(config.plugin.logs)),
  ]
  if (existsSync('/proc/self/limits'))
    found.push({ name: 'limits.txt', text: readFileSync('/proc/self/limits', 'utf8') })
  const files = found.map(({ name, text }) => ({ name, data: Buffer.from(redact(text)) }))
  return { files, missing: missing.map(redact) }
}

/** What the running agent answers, as it is. */
async function askAll(config: AgentConfig, missing: string[]): Promise<Found[]> {
  const pages = {
    'status.json': '/status',
    'values.json': '/values',
    'counters.json': '/counter/all',
    'plugins.json': '/plugins?detail',
    'metrics.txt': '/metrics',
    'ledger.json': '/ledger?since=24h',
  }
  const found: Found[] = []
  for (const [name, path] of Object.entries(pages)) {
    const answer = await askAgent(config, path)
    if (answer.outcome === 'answered') found.push({ name, text: indented(answer.body) })
    else missing.push(`${name}: ${answer.outcome === 'unknown' ? answer.reason : 'the agent does not run'}`)
    if (answer.outcome === 'not running') break
  }
  return found
}

/** JSON for people; any other text stays. */
function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

/** As they are bound, with their arguments. */
function pluginsOf(asked: readonly Found[]): string[] {
  const answer = asked.find(({ name }) => name === 'plugins.json')
  if (!answer) return []
  const { data } = JSON.parse(answer.text) as { data: Record<string, { FilePath: string; Args: string }> }
  return Object.values(data).map(({ FilePath, Args }) => `${FilePath}(${Args})`)
}

function withoutArgs(entry: string): string {
  return entry.replace(/\(.+\)/s, '(***)')
}

/** Facts about process and host; of the environment only which of the names we look at are set. */
function environment(): object {
  const names = ['FALCON_ENDPOINT', 'NUX_ROOTFS', 'TZ', 'LANG', 'LC_ALL', 'HTTP_PROXY', 'HTTPS_PROXY', 'NODE_OPTIONS']
  return {
    version,
    node: process.version,
    executable: isSea() ? 'single' : 'node',
    system: { platform: process.platform, release: release(), arch: process.arch, hostname: hostname() },
    user: process.getuid?.() ?? null,
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    now: new Date().toISOString(),
    uptimeSeconds: uptime(),
    load: loadavg(),
    memory: { total: totalmem(), free: freemem() },
    processors: availableParallelism(),
    container: existsSync('/.dockerenv') || existsSync('/run/.containerenv'),
    environmentSet: names.filter((name) => process.env[name] !== undefined),
  }
}

/** Whether each of the peers takes a connection, and how long that takes. */
async function reachable(peers: readonly string[]): Promise<object[]> {
  return await Promise.all(
    peers.map(async (peer) => {
      const startedAt = performance.now()
      const problem = await connectTo(peer)
      return { peer, milliseconds: Math.round(performance.now() - startedAt), problem: problem ?? null }
    }),
  )
}

function connectTo(peer: string): Promise<string | undefined> {
  const target = parseListen(peer)
  if (!target) return Promise.resolve('it is not host:port')
  return new Promise((resolve) => {
    const socket = connect({ host: target.host === '' ? '127.0.0.1' : target.host, port: target.port })
    const end = (problem: string | undefined) => {
      socket.destroy()
      resolve(problem)
    }
    socket.setTimeout(connectMs, () => end(`no answer within ${connectMs} ms`))
    socket.once('connect', () => end(undefined))
    socket.once('error', (error) => end(error.message))
  })
}

async function inventory(missing: string[]): Promise<unknown> {
  try {
    return await createInventory(Date.now)()
  } catch (error) {
    missing.push(`inventory.json: ${(error as Error).message}`)
    return null
  }
}

/** The ends of the agent's own logs, as a service and under `./control`, and of what its plugins wrote to stderr. */
function logs(pluginLogs: string): Found[] {
  const own = [join(projectRoot, 'logs', 'agent.log'), join(projectRoot, 'var', 'log', 'agent.log')]
  const found = own
    .filter((path) => existsSync(path))
    .map((path) => ({ name: relative(projectRoot, path).replaceAll('\\', '/'), text: tailOf(path) }))
  const ofPlugins = existsSync(pluginLogs) ? readdirSync(pluginLogs, { recursive: true, encoding: 'utf8' }) : []
  return [
    ...found,
    ...ofPlugins
      .filter((name) => name.endsWith('.stderr.log'))
      .slice(0, mostPluginLogs)
      // Their names hold the arguments.
      .map((name, i) => ({
        name: `plugin-logs/${i + 1}.stderr.log`,
        text: `${withoutArgs(name.replaceAll('\\', '/'))}\n\n${tailOf(join(pluginLogs, name))}`,
      })),
  ]
}

/** Whole lines at the end of a file. */
function tailOf(path: string): string {
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    const start = Math.max(0, size - tailBytes)
    const data = Buffer.alloc(size - start)
    const read = readSync(file, data, 0, data.length, start)
    const text = data.toString('utf8', 0, read)
    return start === 0 ? text : text.slice(text.indexOf('\n') + 1)
  } finally {
    closeSync(file)
  }
}
