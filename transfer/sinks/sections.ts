import { z } from 'zod'
import { flag } from '#lib/config'
import { parseListen } from '#lib/address'
import { parseCluster } from '../cluster.ts'

const milliseconds = (value: number) => z.int().min(1).default(value)

/** Members that override the common `spool` section for one kind of destination. */
export const spoolOverride = z
  .object({
    maxBytes: z
      .int()
      .min(2 ** 20)
      .optional(),
    maxAgeSeconds: z.int().min(1).optional(),
    replayPerSecond: z.int().min(1).optional(),
  })
  .prefault({})
  .describe('limits of these destinations alone; others are those of the spool section')

/** What the sections of all sinks share. */
const shared = (batch: number, order: 'strict' | 'live-first') => ({
  enabled: flag(),
  batch: z.int().min(1).max(100_000).default(batch).describe('samples of one request'),
  maxConns: z.int().default(4).describe('connections to one address'),
  connTimeout: milliseconds(1000).describe('milliseconds to connect'),
  maxIdle: z.int().default(32).describe('accepted from old files; connections are kept as they are used'),
  retry: z.int().default(3).describe('accepted from old files; retries go on until the limits of the spool'),
  maxInFlight: z.int().min(1).default(200_000).describe('samples held in memory per address; more go to the spool'),
  order: z
    .enum(['strict', 'live-first'])
    .default(order)
    .describe('after an outage: strict keeps the order of each series, live-first sends new samples at once'),
  spool: spoolOverride,
})

const callTimeout = milliseconds(5000).describe('milliseconds from sending until the answer')

const addresses = (value: string) => z.string().default(value).describe('several, separated by commas, each get all')

export const tsdbSection = z
  .object({
    ...shared(5000, 'live-first'),
    callTimeout,
    address: addresses('127.0.0.1:8088'),
    confirmAfterMs: milliseconds(100).describe('how often it is confirmed that OpenTSDB has read the lines'),
  })
  .prefault({})

export const transferSection = z
  .object({
    ...shared(200, 'strict'),
    callTimeout,
    cluster: z
      .record(z.string(), z.string())
      .default({})
      .describe('name → "host:port"; a sample goes to one of them, to another one when that is away'),
  })
  .prefault({})

export const influxdbSection = z
  .object({
    ...shared(5000, 'live-first'),
    address: addresses('http://127.0.0.1:8086'),
    timeout: milliseconds(5000).describe('milliseconds from sending until the answer'),
    db: z.string().default('falcon'),
    username: z.string().default(''),
    password: z.string().default(''),
    precision: z.enum(['s', 'ms', 'us', 'u', 'ns', 'n']).default('s'),
    org: z.string().default('').describe('version 2'),
    bucket: z.string().default('').describe('version 2: where set, /api/v2/write is used'),
    token: z.string().default('').describe('version 2'),
  })
  .prefault({})

/** Open-Falcon sends to relays of its own here; this transfer speaks Prometheus remote write itself. */
export const remoteWriteSection = z
  .object({
    ...shared(5000, 'strict'),
    callTimeout,
    url: z
      .string()
      .default('')
      .describe('of remote write, for example http://127.0.0.1:8428/api/v1/write; several, by commas, each get all'),
    username: z.string().default(''),
    password: z.string().default(''),
    token: z.string().default('').describe('sent as Authorization: Bearer'),
    names: z
      .enum(['verbatim', 'prometheus'])
      .default('verbatim')
      .describe(
        'verbatim: metric names with dots, as VictoriaMetrics takes them; prometheus: what it forbids becomes _',
      ),
    notSyncMetrics: z.array(z.string()).default([]).describe('accepted from old files, not used'),
    cluster: z.record(z.string(), z.string()).default({}).describe('accepted from old files, not used'),
  })
  .prefault({})

export const sinkSections = {
  tsdb: tsdbSection,
  transfer: transferSection,
  influxdb: influxdbSection,
  p8s_relay: remoteWriteSection,
}

export type SinkSections = { [Name in keyof typeof sinkSections]: z.output<(typeof sinkSections)[Name]> }
export type SinkName = keyof SinkSections
export const sinkNames = ['tsdb', 'transfer', 'influxdb', 'p8s_relay'] as const satisfies readonly SinkName[]

/** The texts between commas. */
export const listed = (text: string): string[] => [...new Set(text.split(',').map((one) => one.trim()))]

/** Addresses of the other transfers. @throws when one is none; the configuration was checked for that. */
export function transferAddresses({ cluster }: Pick<SinkSections['transfer'], 'cluster'>): readonly string[] {
  const nodes = parseCluster(cluster)
  if (!nodes.ok) throw new Error(`Cannot use transfer.cluster: ${nodes.reason}`)
  return nodes.value.flatMap(({ addresses }) => addresses)
}

/** What an enabled sink cannot work with: the member and why. */
export function sinkProblems(sections: SinkSections): { path: [SinkName, string]; message: string }[] {
  const problems: { path: [SinkName, string]; message: string }[] = []
  const { tsdb, transfer, influxdb, p8s_relay: remoteWrite } = sections
  if (tsdb.enabled)
    for (const address of listed(tsdb.address))
      if (!parseListen(address)?.host)
        problems.push({ path: ['tsdb', 'address'], message: `"${address}" is not host:port` })
  if (transfer.enabled) {
    const nodes = parseCluster(transfer.cluster)
    if (!nodes.ok) problems.push({ path: ['transfer', 'cluster'], message: nodes.reason })
    else if (nodes.value.length === 0)
      problems.push({ path: ['transfer', 'cluster'], message: 'needs at least one address while enabled' })
  }
  if (influxdb.enabled)
    for (const address of listed(influxdb.address))
      if (!isHttp(address))
        problems.push({ path: ['influxdb', 'address'], message: `"${address}" is not http://host:port` })
  if (remoteWrite.enabled && remoteWrite.url !== '')
    for (const url of listed(remoteWrite.url))
      if (!isHttp(url)) problems.push({ path: ['p8s_relay', 'url'], message: `"${url}" is not an http:// address` })
  return problems
}

function isHttp(text: string): boolean {
  try {
    return ['http:', 'https:'].includes(new URL(text).protocol)
  } catch {
    return false
  }
}
