import { follow, wideText } from './bytes.ts'
import type { Service } from './host.ts'
import type { Block } from './win32.ts'

const recordSize = 56
const running = 4

/** `count` records of ENUM_SERVICE_STATUS_PROCESSW → services by their name in lower case. */
export function parseServices(block: Block & { readonly count: number }): Map<string, Service> {
  const services = new Map<string, Service>()
  for (let i = 0; i < block.count; i++) {
    const at = i * recordSize
    const text = follow(block, at)
    if (text === undefined) continue
    const name = wideText(block.bytes, text)
    services.set(name.toLowerCase(), { name, running: block.bytes.readUInt32LE(at + 20) === running })
  }
  return services
}

/** SERVICE_STATUS_PROCESS */
export function isRunning(status: Buffer): boolean {
  return status.readUInt32LE(4) === running
}
