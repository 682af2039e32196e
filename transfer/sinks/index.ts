import type { DeliveryOrder } from '#lib/delivery'
import { parseListen } from '#lib/address'
import { createInfluxdbPeer } from './influxdb.ts'
import { createRemoteWritePeer } from './remote-write.ts'
import { listed, transferAddresses } from './sections.ts'
import type { SinkName, SinkSections } from './sections.ts'
import type { SinkContext, SinkLimits, SinkPeer } from './sink.ts'
import { createTransferPeer } from './transfer.ts'
import { createTsdbPeer } from './tsdb.ts'

/** One destination that the configuration asks for, not opened yet. */
export interface SinkPlan {
  readonly section: SinkName
  /** Names its spool and its counters. */
  readonly key: string
  /** `host:port`, or several separated by commas where a sample goes to one of them; without any secret. */
  readonly address: string
  readonly order: DeliveryOrder
  readonly limits: SinkLimits
  /** Batches under way at once in `live-first`. */
  readonly maxSendings: number
  readonly create: (context: SinkContext) => SinkPeer
}

/** The members of the family: each makes plans from its section, one for each place that gets everything. */
const members: { readonly [Name in SinkName]: (section: SinkSections[Name]) => SinkPlan[] } = {
  tsdb: (section) =>
    listed(section.address).map((address) => {
      const { host = '', port = 0 } = parseListen(address) ?? {}
      const { confirmAfterMs } = section
      const one = plan('tsdb', section, address, (context) =>
        createTsdbPeer({ ...context, host, port, confirmAfterMs }),
      )
      // Lines cost the same in any batch, and all of a connection are confirmed together.
      return { ...one, maxSendings: Infinity }
    }),
  transfer(section) {
    const addresses = transferAddresses(section)
    const one = plan('transfer', section, addresses.join(','), (context) =>
      createTransferPeer({ ...context, addresses }),
    )
    // It stays the same destination when addresses come and go.
    return [{ ...one, key: 'cluster' }]
  },
  influxdb: (section) =>
    listed(section.address).map((address) => {
      const { db, username, password, precision, org, bucket, token } = section
      const access = { db, username, password, precision, org, bucket, token }
      return plan('influxdb', { ...section, callTimeout: section.timeout }, placeOf(address), (context) =>
        createInfluxdbPeer({ ...context, ...access, address }),
      )
    }),
  p8s_relay: (section) =>
    (section.url === '' ? [] : listed(section.url)).map((url) => {
      const { username, password, token, names } = section
      return plan('p8s_relay', section, placeOf(url), (context) =>
        createRemoteWritePeer({ ...context, url, username, password, token, names }),
      )
    }),
}

/** What the enabled sections ask for. @throws when an address is none; the configuration was checked for that. */
export function sinksOf(sections: SinkSections): SinkPlan[] {
  const of = <Name extends SinkName>(name: Name) => (sections[name].enabled ? members[name](sections[name]) : [])
  return [...of('tsdb'), ...of('transfer'), ...of('influxdb'), ...of('p8s_relay')]
}

/** `host:port`, and what tells several of one host apart. */
function placeOf(url: string): string {
  const { host, pathname } = new URL(url)
  return `${host}${pathname === '/' ? '' : pathname}`
}

interface Shared {
  readonly batch: number
  readonly maxConns: number
  readonly connTimeout: number
  readonly callTimeout: number
  readonly order: DeliveryOrder
}

function plan(
  section: SinkName,
  { batch, maxConns, connTimeout, callTimeout, order }: Shared,
  address: string,
  create: (options: SinkContext & SinkLimits) => SinkPeer,
): SinkPlan {
  const limits = {
    batch,
    // Falcon: less than one connection means one.
    maxConns: Math.max(1, maxConns),
    connectTimeoutMs: connTimeout,
    callTimeoutMs: callTimeout,
  }
  return {
    section,
    key: address,
    address,
    order,
    limits,
    maxSendings: limits.maxConns,
    create: (context) => create({ ...context, ...limits }),
  }
}
