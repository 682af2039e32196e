import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { projectRoot } from '#lib/module'
import { freePorts, until } from '../drivers/process.ts'

/**
 * A file system that never answers: /dev/fuse is opened and mounted, and nobody serves it. In a namespace of its own, which
 * needs no root; whoever asks it hangs in the kernel, as with a dead NFS server.
 */
const mountAndRun = `
  exec 9<>/dev/fuse
  mount -i -t fuse -o fd=9,rootmode=40000,user_id=0,group_id=0 dead "$1/mnt/hung" || exit 9
  exec "$2" dist/agent/main.js --config "$1/agent.json"
`

let root: string
let port = 0
let agent: ChildProcess
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'hung-mount-'))
  ;[port = 0] = await freePorts(1)
  cpSync(join(projectRoot, 'agent/host/fixture-root/first'), root, { recursive: true })
  mkdirSync(join(root, 'mnt/hung'), { recursive: true })
  writeFileSync(join(root, 'proc/1/mounts'), '/dev/vda / ext4 rw 0 0\ndead:/export /mnt/hung nfs4 rw 0 0\n')
  const config = {
    transfer: { enabled: true, addrs: ['127.0.0.1:1'], interval: 1 },
    http: { enabled: true, listen: `127.0.0.1:${port}` },
    dataDir: join(root, 'agent'),
    spool: { dir: join(root, 'spool') },
  }
  writeFileSync(join(root, 'agent.json'), JSON.stringify(config))
  agent = spawn('unshare', ['-Urm', 'sh', '-c', mountAndRun, 'sh', root, process.execPath], {
    cwd: projectRoot,
    env: { ...process.env, NUX_ROOTFS: root },
    stdio: 'inherit',
  })
})
afterAll(async () => {
  if (agent.exitCode === null && agent.signalCode === null) {
    agent.kill('SIGKILL')
    await once(agent, 'exit')
  }
  rmSync(root, { recursive: true })
})

async function page(): Promise<string> {
  try {
    return await (await fetch(`http://127.0.0.1:${port}/`)).text()
  } catch {
    return '' // Not listening yet.
  }
}

test('a file system that never answers is told as stuck, the others are measured, and the agent still stops', async () => {
  const text = await until('df.stuck', page, (found) => found.includes('df.stuck'), 120_000)
  expect(text).toContain('mount=/mnt/hung')
  expect(text).toMatch(/df\.bytes\.used\.percent/)
  expect(text).toContain('load.1min')
  agent.kill('SIGTERM')
  await once(agent, 'exit')
})
