import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { createLogger } from '#lib/log'
import { startAgent } from '../agent.ts'
import { agentConfig } from '../config.ts'
import { openLinux } from '../platform/linux.ts'
import { checkOne } from './check.ts'
import { makeFlare } from './flare.ts'
import { showStatus } from './status.ts'

vi.setConfig({ testTimeout: 60_000 })

let root: string
let output: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'agent-commands-'))
  output = ''
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      output += String(text)
      return true
    })
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(root, { recursive: true, force: true })
})

function configFile(settings: Record<string, unknown>): string[] {
  const file = join(root, 'cfg.json')
  writeFileSync(file, JSON.stringify({ dataDir: join(root, 'data'), ...settings }))
  return ['--config', file]
}

/** Nobody listens there. */
const nowhere = '127.0.0.1:1'

/** An agent in this process, and the arguments that name its configuration. */
async function running(settings: Record<string, unknown>): Promise<string[]> {
  const all = { dataDir: join(root, 'data'), spool: { dir: join(root, 'spool') }, ...settings }
  const agent = await startAgent(
    agentConfig.parse({ ...all, http: { enabled: true, listen: '127.0.0.1:0' } }),
    createLogger('agent', { destination: { write: () => undefined } }),
    {
      root,
      platform: openLinux('/'),
      systemName: 'system.example',
      endpointFromEnvironment: undefined,
      childEnv: { PATH: process.env['PATH'] ?? '' },
      version: '9.9',
      use: () => ({ cpuSeconds: 0, rssBytes: 2 ** 20 }),
      now: Date.now,
      random: Math.random,
      readConfig: () => Promise.reject(new Error('not in this test')),
      exit: () => undefined,
      collectGarbage: () => Promise.resolve(),
    },
  )
  onTestFinished(() => agent.stop())
  return configFile({ ...all, http: { enabled: true, listen: `127.0.0.1:${agent.port}` } })
}

test('status tells an agent that does not run, one that is not well and one that cannot be asked by its exit code', async () => {
  expect(await showStatus(configFile({ http: { enabled: true, listen: nowhere } }))).toBe(3)
  expect(output).toContain('agent        not running: nobody listens on 127.0.0.1:1')
  expect(await showStatus(configFile({ http: { enabled: false } }))).toBe(4)
  expect(await showStatus(['--nope'])).toBe(2)
  output = ''
  expect(await showStatus(await running({ hostname: 'h1' }))).toBe(1)
  expect(output).toMatch(/agent +runs for \d+ s: pid \d+, version 9\.9, h1\n/)
  expect(output).toContain('warning      This agent sends nothing\n')
})

test('check lists names, runs a collector or a check and prints what it finds, with its meaning', async () => {
  const config = configFile({})
  expect(await checkOne(config)).toBe(0)
  expect(output).toMatch(/^Collectors: .*\bcpu\b.*\nChecks: .*\bnet\.port\.listen\b/)
  output = ''
  expect(await checkOne(['load', ...config])).toBe(0)
  expect(output).toMatch(/^metric +tags +type.*meaning\nload\.1min +GAUGE +[\d.]+ /)
  expect(output).not.toContain('cpu.idle')
  output = ''
  expect(await checkOne(['url.check.health', `url=http://${nowhere}/,timeout=1`, ...config])).toBe(1)
  expect(output).toMatch(/\nurl\.check\.health .* 0 .*\n.*: took \d+ ms; .*ECONNREFUSED/)
  for (const words of [['nope'], ['net.port.listen', 'port=x'], ['net.port.listen'], ['a', 'b', 'c']])
    expect(await checkOne([...words, ...config]), words.join(' ')).toBe(2)
})

test('a flare holds what helps and none of the secrets', async () => {
  const secrets = ['tok-5ecret', 'git-5ecret', 'arg-5ecret', 'url-5ecret', 'opt-5ecret', 'env-5ecret', 'err-5ecret']
  vi.stubEnv('FALCON_TEST_SECRET', 'env-5ecret')
  onTestFinished(() => void vi.unstubAllEnvs())
  const plugins = join(root, 'plugins')
  mkdirSync(join(plugins, 'db'), { recursive: true })
  writeFileSync(join(plugins, 'db', '1_x.sh'), '#!/bin/sh\necho "login $2 password=err-5ecret" >&2\nexit 3\n')
  chmodSync(join(plugins, 'db', '1_x.sh'), 0o755)
  mkdirSync(join(root, 'data'))
  const entry = 'db/1_x.sh(root,arg-5ecret)'
  writeFileSync(join(root, 'data', 'heartbeat.json'), JSON.stringify({ plugins: [entry], metrics: [], trustable: [] }))
  const logs = join(root, 'logs')
  const config = await running({
    token: 'tok-5ecret',
    plugin: { enabled: true, dir: plugins, logs, git: 'https://me:git-5ecret@git.example/p.git' },
    heartbeat: { enabled: true, addr: nowhere },
    transfer: { enabled: true, addrs: [nowhere], interval: 1 },
    checks: [
      {
        metric: 'url.check.health',
        tags: `url=http://me:url-5ecret@${nowhere}/,timeout=1`,
        options: { header: 'opt-5ecret' },
      },
    ],
  })
  const stderrLog = join(logs, 'db', '1_x.sh(root,arg-5ecret).stderr.log')
  await vi.waitFor(() => expect(readFileSync(stderrLog, 'utf8')).toContain('arg-5ecret'), { timeout: 20_000 })
  const file = join(root, 'flare.tar.gz')
  expect(await makeFlare([file, ...config]), output).toBe(0)
  const archive = gunzipSync(readFileSync(file)).toString('latin1')
  for (const secret of secrets) expect(archive.includes(secret), secret).toBe(false)
  for (const name of ['manifest', 'config', 'orders', 'environment', 'status', 'values', 'counters', 'plugins'])
    expect(archive).toContain(`${name}.json\0`)
  expect(archive).toContain('plugin-logs/1.stderr.log\0')
  expect(archive).toContain('login *** password=***')
  expect(archive).toContain('"problem": "connect ECONNREFUSED 127.0.0.1:1"')
  expect(await makeFlare([file, ...config])).toBe(1)
  expect(output).toContain('Cannot write the flare: EEXIST')
})
