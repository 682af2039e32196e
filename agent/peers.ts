/** `a:1, b:2` → its parts. */
export function peerList(text: string): string[] {
  return text
    .split(',')
    .map((peer) => peer.trim())
    .filter((peer) => peer !== '')
}

/** The transfers of a configuration, each once. */
export function transferPeers(config: {
  readonly transfer: { readonly enabled: boolean; readonly addrs: readonly string[] }
}): string[] {
  return config.transfer.enabled ? [...new Set(config.transfer.addrs.flatMap(peerList))] : []
}

/** The hbs processes of a configuration, each once. */
export function hbsPeers(config: {
  readonly heartbeat: { readonly enabled: boolean; readonly addr: string }
}): string[] {
  return config.heartbeat.enabled ? [...new Set(peerList(config.heartbeat.addr))] : []
}
