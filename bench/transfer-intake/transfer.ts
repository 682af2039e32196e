import { createLogger } from '#lib/log'
import { transferConfig } from '../../transfer/config.ts'
import { startTransfer } from '../../transfer/transfer.ts'
import { answer, ready, usage } from './usage.ts'

const [, , dir = '', judgePort = '', graphPort = ''] = process.argv
const config = transferConfig.parse({
  http: { listen: '127.0.0.1:0' },
  rpc: { listen: '127.0.0.1:0' },
  socket: { enabled: false },
  judge: { cluster: { 'judge-00': `127.0.0.1:${judgePort}` } },
  graph: { cluster: { 'graph-00': `127.0.0.1:${graphPort}` } },
  spool: { dir },
})
const transfer = await startTransfer(config, createLogger('transfer', { destination: process.stderr }), '')
answer({ usage, count: () => recorded(), ports: () => ({ http: transfer.ports.http ?? 0 }) })
process.on('SIGTERM', () => void transfer.stop().then(() => process.exit(0)))
ready(transfer.ports.rpc ?? 0)

async function recorded(): Promise<Record<string, number>> {
  const response = await fetch(`http://127.0.0.1:${transfer.ports.http}/counter/all`)
  const { data } = (await response.json()) as { data: { Name: string; Cnt: number }[] }
  return { accepted: data.find(({ Name }) => Name === 'RecvCnt')?.Cnt ?? 0 }
}
