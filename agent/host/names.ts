import type { LookupAddress } from 'node:dns'
import { Resolver } from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import type { LookupFunction } from 'node:net'
import { withDeadline } from './deadline.ts'
import { parseHosts, parseSearch } from './name-files.ts'

export type IpVersion = 4 | 6

/** Addresses of host names, without the threads that Node and the system's own lookup share with files. */
export interface Names {
  /**
   * IPv4 before IPv6, at least one; an address is its own. Names are looked for in the hosts file, then in DNS with the
   * search list of the system. Rejects with a reason, after `deadlineMs` at the latest.
   */
  addresses(name: string, deadlineMs: number, version?: IpVersion): Promise<string[]>
  /** The same for what connects by itself. */
  lookup(deadlineMs: number, version?: IpVersion): LookupFunction
}

export interface NamesOptions {
  /** Where the system keeps its own names. */
  readonly hostsFile?: string
  /** Absent on Windows, where DNS servers come from the registry. */
  readonly resolverFile?: string
  /** DNS servers (`address` or `address:port`) instead of the system's. */
  readonly servers?: readonly string[]
}

/** Answers are shared for so long: a thousand URLs of one host are one question. */
const freshMs = 10_000

/** Servers and files are read anew after so long. */
const settingsMs = 60_000

/** One question to one server; half of it goes on for the second try. */
const answerMs = 1500

interface Settings {
  readonly resolver: Resolver
  readonly hosts: ReadonlyMap<string, readonly string[]>
  readonly search: readonly string[]
  /** A name with fewer dots is tried with the search list first. */
  readonly dots: number
}

const systemRoot = process.env['SystemRoot'] ?? String.raw`C:\Windows`
const defaults =
  process.platform === 'win32'
    ? { hostsFile: String.raw`${systemRoot}\System32\drivers\etc\hosts`, resolverFile: undefined }
    : { hostsFile: '/etc/hosts', resolverFile: '/etc/resolv.conf' }

export function createNames(options: NamesOptions = {}): Names {
  const { hostsFile = defaults.hostsFile, resolverFile = defaults.resolverFile, servers } = options
  const answers = new Map<string, Promise<string[]>>()
  let settings: Settings | undefined

  function currentSettings(): Settings {
    if (settings) return settings
    const resolver = new Resolver({ timeout: answerMs, tries: 2 })
    if (servers) resolver.setServers(servers)
    const hosts = parseHosts(textOf(hostsFile))
    const { search, dots } = parseSearch(resolverFile === undefined ? '' : textOf(resolverFile))
    setTimeout(() => (settings = undefined), settingsMs).unref()
    return (settings = { resolver, hosts, search, dots })
  }

  async function find(name: string, version: IpVersion | undefined): Promise<string[]> {
    const { resolver, hosts, search, dots } = currentSettings()
    const wanted = (address: string) => version === undefined || isIP(address) === version
    const own = (hosts.get(name.toLowerCase()) ?? []).filter(wanted)
    if (own.length > 0) return own
    let problem: unknown
    for (const candidate of candidatesOf(name, search, dots)) {
      const found = await Promise.allSettled([
        version === 6 ? [] : resolver.resolve4(candidate),
        version === 4 ? [] : resolver.resolve6(candidate),
      ])
      const addresses = found.flatMap((half) => (half.status === 'fulfilled' ? half.value : []))
      if (addresses.length > 0) return addresses
      problem ??= found.find((half) => half.status === 'rejected')?.reason
    }
    throw new Error(`Cannot resolve ${name}: ${whyNot(problem)}`)
  }

  function shared(name: string, version: IpVersion | undefined): Promise<string[]> {
    const key = `${version ?? ''}/${name}`
    const known = answers.get(key)
    if (known) return known
    const answer = find(name, version)
    answers.set(key, answer)
    const forget = () => setTimeout(() => answers.delete(key), freshMs).unref()
    answer.then(forget, forget)
    return answer
  }

  async function addresses(name: string, deadlineMs: number, version?: IpVersion): Promise<string[]> {
    const itself = isIP(name)
    if (itself !== 0 && (version === undefined || itself === version)) return [name]
    if (itself !== 0) throw new Error(`Cannot reach ${name} over IPv${version}: it is an address of IPv${itself}`)
    return await withDeadline(shared(name, version), deadlineMs, () => {
      throw new Error(`Cannot resolve ${name}: no answer in ${deadlineMs / 1000} s`)
    })
  }

  return {
    addresses,
    lookup:
      (deadlineMs, version) =>
      (name, { all }, callback) => {
        const give = async () => {
          let found: LookupAddress[]
          try {
            found = (await addresses(name, deadlineMs, version)).map((address) => ({ address, family: isIP(address) }))
          } catch (error) {
            callback(error as Error, '')
            return
          }
          if (all === true) callback(null, found)
          else callback(null, found[0]?.address ?? '', found[0]?.family)
        }
        void give()
      },
  }
}

function candidatesOf(name: string, search: readonly string[], dots: number): string[] {
  if (name.endsWith('.')) return [name]
  const longer = search.map((domain) => `${name}.${domain}`)
  return name.split('.').length > dots ? [name, ...longer] : [...longer, name]
}

function whyNot(problem: unknown): string {
  const code = (problem as { code?: string } | undefined)?.code
  const known: Readonly<Record<string, string>> = {
    ENOTFOUND: 'there is no such name',
    ENODATA: 'it has no address',
    ETIMEOUT: 'no DNS server answers',
    ECONNREFUSED: 'no DNS server answers',
    ESERVFAIL: 'the DNS server failed',
    EREFUSED: 'the DNS server refuses to say',
  }
  return known[code ?? ''] ?? code ?? 'it has no address'
}

/** A file that is not there names nobody. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
