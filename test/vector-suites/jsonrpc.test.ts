import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RpcServer } from '#lib/rpc'
import { bytesOf, jsonRpcCases, runJsonRpcCases } from './jsonrpc-cases.ts'
import { hbsMethods, listenRecorded, transferMethods } from './recorded-server.ts'

const requestOf = (send: ReturnType<typeof jsonRpcCases>[number]['send']) =>
  Buffer.concat(send.map((step) => ('sleep_s' in step ? Buffer.alloc(0) : bytesOf(step)))).toString()

let transfer: RpcServer
let hbs: RpcServer

beforeAll(async () => {
  transfer = await listenRecorded(transferMethods)
  const recorded = jsonRpcCases('hbs').map(({ send, recv }) => ({
    request: requestOf(send),
    response: bytesOf(recv).toString(),
  }))
  hbs = await listenRecorded(hbsMethods(recorded))
})

afterAll(async () => {
  await Promise.all([transfer.close(), hbs.close()])
})

test('every recorded probe of a transfer gets the recorded answer', () => runJsonRpcCases('transfer', transfer.port))

test('every recorded probe of an hbs gets the recorded answer', () => runJsonRpcCases('hbs', hbs.port))

test('the cases tell servers apart', async () => {
  await expect(runJsonRpcCases('transfer', hbs.port)).rejects.toThrow('to deeply equal')
})
