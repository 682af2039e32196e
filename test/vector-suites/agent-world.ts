import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createLogger } from '#lib/log'
import { startAgent } from '../../agent/agent.ts'
import type { RunningAgent } from '../../agent/agent.ts'
import { agentConfig } from '../../agent/config.ts'
import { openLinux } from '../../agent/platform/linux.ts'

/** One line of a peer that speaks JSON-RPC, as it came, with the newline if there was one. */
export interface HeardRequest {
  readonly bytes: string
  readonly method: string
  readonly id: number
}

export interface RawPeer {
  readonly address: string
  readonly heard: HeardRequest[]
  /** Connections that were opened, also those over which nothing came. */
  connections(): number
  close(): Promise<void>
}

/** A peer below the level of our own RPC code, so that bytes can be compared. `answer` gives the JSON text of the result. */
export async function startRawPeer(answer: (request: HeardRequest) => string): Promise<RawPeer> {
  const heard: HeardRequest[] = []
  let connections = 0
  const server = createServer((socket) => {
    connections++
    let text = ''
    socket.setEncoding('utf8')
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk: string) => {
      text += chunk
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
        const bytes = text.slice(0, end + 1)
        text = text.slice(end + 1)
        const { method, id } = JSON.parse(bytes) as { method: string; id: number }
        const request = { bytes, method, id }
        heard.push(request)
        socket.write(`{"id":${id},"result":${answer(request)},"error":null}\n`)
      }
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
      }),
  }
}

/** A folder that an agent of a test lives in. */
export interface AgentHome {
  readonly root: string
  remove(): void
}

export function makeHome(): AgentHome {
  const root = mkdtempSync(join(tmpdir(), 'agent-home-'))
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) }
}

export interface PluginFile {
  readonly FilePath: string
  /** Unix seconds. */
  readonly MTime: number
}

/** Makes `dir` (below root) a clone of a bare repository `origin.git` that holds these scripts, with these times. */
export function makePluginClone(root: string, dir: string, files: readonly PluginFile[]): void {
  const author = ['-c', 'user.name=t', '-c', 'user.email=t@t.example', '-c', 'commit.gpgsign=false']
  const git = (cwd: string, ...args: string[]) => execFileSync('git', [...author, ...args], { cwd, stdio: 'pipe' })
  git(root, 'init', '-q', '--bare', '-b', 'main', 'origin.git')
  git(root, 'clone', '-q', 'origin.git', 'author')
  for (const { FilePath } of files) {
    const path = join(root, 'author', FilePath)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, '#!/bin/sh\necho "[]"\n')
    chmodSync(path, 0o755)
  }
  git(join(root, 'author'), 'add', '.')
  git(join(root, 'author'), 'commit', '-q', '--allow-empty', '-m', 'plugins')
  git(join(root, 'author'), 'push', '-q', 'origin', 'HEAD:main')
  git(root, 'clone', '-q', 'origin.git', dir)
  for (const { FilePath, MTime } of files) utimesSync(join(root, dir, FilePath), MTime, MTime)
  git(join(root, dir), 'update-index', '--refresh')
}

/** Starts the real agent inside of this process. `onFile` is what a reload reads; the same as `settings` unless given. */
export async function startTestAgent(options: {
  home: AgentHome
  settings: Record<string, unknown>
  onFile?: Record<string, unknown>
  version?: string
}): Promise<RunningAgent> {
  const { home, settings, onFile = settings, version = '0.0.0' } = options
  const agent = await startAgent(
    agentConfig.parse(settings),
    createLogger('agent', { destination: { write: () => undefined } }),
    {
      root: home.root,
      platform: openLinux('/'),
      systemName: 'system.example',
      endpointFromEnvironment: undefined,
      childEnv: { PATH: process.env['PATH'] ?? '', HOME: home.root },
      version,
      use: () => ({ cpuSeconds: 0, rssBytes: 0 }),
      now: Date.now,
      random: Math.random,
      readConfig: async () => agentConfig.parse(onFile),
      exit: () => void agent.stop(),
      collectGarbage: () => Promise.resolve(),
    },
  )
  return agent
}
