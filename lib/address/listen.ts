/** Where a server listens. `host` is empty for every address, as in Go's `:1988`. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** `host:port`, `:port` or `[v6]:port` → its parts; undefined when it is none of these. Port 0 asks for a free one. */
export function parseListen(text: string): ListenAddress | undefined {
  const match = /^(?:\[([^\]]*)\]|([^:\s]*)):(\d{1,5})$/.exec(text)
  if (!match) return undefined
  const port = Number(match[3])
  if (port > 65535) return undefined
  return { host: match[1] ?? match[2] ?? '', port }
}
