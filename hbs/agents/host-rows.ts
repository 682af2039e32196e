import type { Database } from '#lib/sql'
import { insertOrUpdate } from '#lib/sql'
import type { AgentReportRequest } from '#protocol'

/** What a host's row says of its agent, cut to the widths of the columns. */
export interface HostReport {
  readonly hostname: string
  readonly ip: string
  readonly agent_version: string
  readonly plugin_version: string
}

/** What became of the reports of one call; each is in exactly one. */
export interface HostsWritten {
  readonly inserted: number
  readonly updated: number
  readonly unchanged: number
  /** Only in asset-synchronised mode: hosts without a row, which were not written. */
  readonly unknown: number
}

export interface HostRows {
  /** Writes all or nothing; no two reports may be of the same host. @throws DatabaseError */
  write(reports: readonly HostReport[]): Promise<HostsWritten>
}

const widths = { hostname: 255, ip: 16, agent_version: 16, plugin_version: 128 }

/** The row of a report; undefined when its host's name does not fit into the table. */
export function hostReport(report: AgentReportRequest): HostReport | undefined {
  if (Array.from(report.Hostname).length > widths.hostname) return undefined
  return {
    hostname: report.Hostname,
    ip: cut(report.IP, widths.ip),
    agent_version: cut(report.AgentVersion, widths.agent_version),
    plugin_version: cut(report.PluginVersion, widths.plugin_version),
  }
}

function cut(text: string, characters: number): string {
  return text.length <= characters ? text : Array.from(text).slice(0, characters).join('')
}

/** `assetMode`: rows come from an asset system, so agents only update theirs. `defaultGroup`: name, or empty for none. */
export interface HostRowsOptions {
  readonly assetMode: boolean
  readonly defaultGroup: string
}

/** The rows of the `host` table. Rows that say what is reported already are left alone. */
export function createHostRows(database: Database, options: HostRowsOptions): HostRows {
  return {
    write: (reports) =>
      database.kysely.transaction().execute(async (on) => {
        const names = reports.map((report) => report.hostname)
        const rows = await on
          .selectFrom('host')
          .select(['hostname', 'ip', 'agent_version', 'plugin_version'])
          .where('hostname', 'in', names)
          .execute()
        const known = new Map(rows.map((row) => [row.hostname, row]))
        const missing = reports.filter((report) => !known.has(report.hostname))
        const changed = reports.filter((report) => differs(report, known.get(report.hostname)))
        const toWrite = options.assetMode ? changed : [...changed, ...missing]
        if (toWrite.length > 0)
          await insertOrUpdate(database.dialect, on, 'host', toWrite, {
            key: ['hostname'],
            update: ['ip', 'agent_version', 'plugin_version'],
          }).execute()
        if (!options.assetMode && missing.length > 0) await join(on, missing)
        return {
          inserted: options.assetMode ? 0 : missing.length,
          updated: changed.length,
          unchanged: reports.length - missing.length - changed.length,
          unknown: options.assetMode ? missing.length : 0,
        }
      }),
  }

  /** Puts new hosts into the default group. A host that somebody took out of it later stays out. */
  async function join(on: Database['kysely'], hosts: readonly HostReport[]): Promise<void> {
    if (options.defaultGroup === '') return
    const group = await on
      .selectFrom('grp')
      .select('id')
      .where('grp_name', '=', options.defaultGroup)
      .executeTakeFirst()
    if (!group) return
    const names = new Set(hosts.map((host) => host.hostname))
    const rows = await on
      .selectFrom('host')
      .select(['id', 'hostname'])
      .where('hostname', 'in', [...names])
      .execute()
    // MySQL compares names without case, so it may have given a host that is not new.
    const fresh = rows.filter((row) => names.has(row.hostname))
    if (fresh.length === 0) return
    await on
      .insertInto('grp_host')
      .values(fresh.map((row) => ({ grp_id: group.id, host_id: row.id })))
      .execute()
  }
}

function differs(report: HostReport, row: HostReport | undefined): boolean {
  if (!row) return false
  return (
    row.ip !== report.ip || row.agent_version !== report.agent_version || row.plugin_version !== report.plugin_version
  )
}
