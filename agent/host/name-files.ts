import { isIP } from 'node:net'

/** Addresses by lower-case name, IPv4 first, of a hosts file. `localhost` is there even if the file leaves it out. */
export function parseHosts(text: string): Map<string, string[]> {
  const hosts = new Map<string, string[]>()
  for (const line of [...text.split('\n'), '127.0.0.1 localhost', '::1 localhost']) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/)
    if (isIP(address) === 0) continue
    for (const name of names) {
      const known = hosts.get(name.toLowerCase()) ?? []
      if (!known.includes(address)) hosts.set(name.toLowerCase(), [...known, address])
    }
  }
  for (const [name, addresses] of hosts)
    hosts.set(
      name,
      addresses.toSorted((a, b) => isIP(a) - isIP(b)),
    )
  return hosts
}

/** What resolv.conf says about names that are not complete. */
export function parseSearch(text: string): { search: string[]; dots: number } {
  let search: string[] = []
  let dots = 1
  for (const line of text.split('\n')) {
    const [key = '', ...words] = line.trim().split(/\s+/)
    if (key === 'search' || key === 'domain') search = words.filter((word) => word !== '.')
    const ndots = key === 'options' ? words.find((word) => word.startsWith('ndots:')) : undefined
    if (ndots !== undefined) dots = Number(ndots.slice('ndots:'.length)) || 1
  }
  return { search, dots }
}
