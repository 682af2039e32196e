import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadKoffi } from '../../host/load-koffi.ts'
import { createNotify } from './notify.ts'

/** struct sockaddr_un, written apart from the product's. */
function addressOf(path: string): Buffer {
  const address = Buffer.alloc(110)
  address.writeUInt16LE(1)
  address.write(path, 2)
  if (path.startsWith('@')) address[2] = 0
  return address.subarray(0, 2 + path.length + (path.startsWith('@') ? 0 : 1))
}

/** A socket as systemd listens on, and what it has got. */
async function listen(path: string) {
  const libc = (await loadKoffi()).load(null)
  const call = (prototype: string) => libc.func(prototype) as (...args: unknown[]) => number
  const socket = call('int socket(int domain, int type, int protocol)')(1, 2, 0)
  const address = addressOf(path)
  expect(call('int bind(int fd, void *address, uint32_t size)')(socket, address, address.length)).toBe(0)
  const receive = call('int64_t recv(int fd, void *data, size_t size, int flags)')
  const close = call('int close(int fd)')
  return {
    next() {
      const data = Buffer.alloc(100)
      const dontWait = 0x40
      return data.toString('utf8', 0, Math.max(0, receive(socket, data, data.length, dontWait)))
    },
    close: () => close(socket),
  }
}

test.each(['a file', 'an abstract address'])('what is told arrives on %s, each message by itself', async (kind) => {
  const folder = mkdtempSync(join(tmpdir(), 'falcon-notify-'))
  const path = kind === 'a file' ? join(folder, 'notify') : `@falcon-notify-${process.pid}`
  const systemd = await listen(path)
  try {
    const notify = createNotify(await loadKoffi(), path)
    notify('READY=1')
    notify('WATCHDOG=1')
    expect(systemd.next()).toBe('READY=1')
    expect(systemd.next()).toBe('WATCHDOG=1')
  } finally {
    systemd.close()
    rmSync(folder, { recursive: true })
  }
})

test('a systemd that does not listen is told of', async () => {
  const notify = createNotify(await loadKoffi(), '/nowhere/notify')
  expect(() => notify('READY=1')).toThrow('Cannot tell systemd READY=1 on /nowhere/notify: errno 2')
})
