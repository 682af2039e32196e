import { z } from 'zod'
import { flag, listenText } from '#lib/config'

export type HbsConfig = z.output<typeof hbsConfig>

export const hbsConfig = z.object({
  debug: flag(),
  database: z
    .string()
    .min(1)
    .default('sqlite:var/falcon.db')
    .describe('portal tables: sqlite:<file>, or user:password@tcp(host:port)/falcon_portal'),
  hosts: z.string().default('').describe('not empty: hosts come from an asset system, agents only update their row'),
  maxConns: z.int().min(1).max(1000).default(20).describe('connections to MySQL'),
  maxIdle: z.int().min(0).default(15).describe('connections to MySQL kept while there is nothing to do'),
  listen: listenText.default('0.0.0.0:6030').describe('JSON-RPC for agents and judges'),
  trustable: z
    .array(z.string())
    .default([])
    .describe('addresses, also several in one text separated by commas, that agents and this port trust'),
  http: z.object({ enabled: flag(true), listen: listenText.default('127.0.0.1:6031') }).prefault({}),
  token: z.string().default('').describe('opens the trusted HTTP routes for any address; empty: none does'),
  reloadSeconds: z.int().min(1).max(3600).default(60).describe('between two readings of the portal tables'),
  defaultGroup: z.string().default('').describe('group that newly registered hosts join; empty: none'),
  maxAgents: z.int().min(1).default(500_000).describe('agents known at once; more are refused'),
  applySchema: z
    .boolean()
    .optional()
    .describe('make missing tables at start; default: true for sqlite, false for MySQL'),
  seedDefaults: z
    .boolean()
    .optional()
    .describe(
      'put in a default group and template once, when there are none; default: true for sqlite, false for MySQL',
    ),
})

/** The addresses of `trustable`, one by one. */
export function trustedAddresses(config: HbsConfig): string[] {
  return config.trustable
    .flatMap((text) => text.split(','))
    .map((address) => address.trim())
    .filter((address) => address !== '')
}

/** Keys whose change counts at once. */
export const reloadable: readonly string[] = ['trustable', 'token', 'reloadSeconds']
