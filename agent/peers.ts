import type { AgentConfig } from './config.ts'

/** `a:1, b:2` → its parts. */
export function peerList(text: string): string[] {
  return text
    .split(',')
    .map((peer) => peer.trim())
    .filter((peer) => peer !== '')
}

/** The transfers to send to, each once. */
export function transferPeers(config: AgentConfig): string[] {
  return config.transfer.enabled ? [...new Set(config.transfer.addrs.flatMap(peerList))] : []
}

/** The hbs processes to report to, each once. */
export function hbsPeers(config: AgentConfig): string[] {
  return config.heartbeat.enabled ? [...new Set(peerList(config.heartbeat.addr))] : []
}
