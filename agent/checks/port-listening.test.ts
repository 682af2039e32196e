import { createServer } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { createLinuxHost } from '../host/linux.ts'
import { checkContract } from './check.contract.ts'
import { runCheck } from './fixture-run.ts'
import { portListening } from './port-listening.ts'

test('a port is 1 while somebody listens on it, and 0 afterwards', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const tags = `port=${(server.address() as AddressInfo).port}`
  expect(await runCheck(portListening, tags)).toBe(1)
  server.close()
  await once(server, 'close')
  expect(await runCheck(portListening, tags)).toBe(0)
})

test('when the tables of sockets cannot be read, ports are not said to be closed', async () => {
  const blind = createLinuxHost({ root: '/absent' })
  await expect(runCheck(portListening, 'port=22', blind)).rejects.toThrow('Cannot read /proc/net/tcp: ENOENT')
})

checkContract(
  portListening,
  ['port=22', 'port=65535', ' port=8433', 'port=0'],
  ['port=', 'port=http', 'port=65536', 'port=-1', 'port=22,name=ssh', 'p=22', 'port=1=2', 'port=22.5'],
)
