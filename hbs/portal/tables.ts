import { consistentRead } from '#lib/sql'
import type { Database } from '#lib/sql'

/** What hbs reads of the portal, as rows. The order of rows does not change any answer. */
export interface PortalTables {
  readonly host: readonly HostRow[]
  readonly grp_host: readonly { readonly grp_id: number; readonly host_id: number }[]
  readonly tpl: readonly TemplateRow[]
  readonly grp_tpl: readonly { readonly grp_id: number; readonly tpl_id: number }[]
  readonly strategy: readonly StrategyRow[]
  readonly expression: readonly ExpressionRow[]
  readonly plugin_dir: readonly { readonly grp_id: number; readonly dir: string }[]
}

export interface HostRow {
  readonly id: number
  readonly hostname: string
  /** Unix seconds. */
  readonly maintain_begin: number
  readonly maintain_end: number
}

export interface TemplateRow {
  readonly id: number
  readonly tpl_name: string
  readonly parent_id: number
  readonly action_id: number
  readonly create_user: string
}

export interface StrategyRow {
  readonly id: number
  readonly metric: string
  readonly tags: string
  readonly func: string
  readonly op: string
  readonly right_value: string
  readonly max_step: number
  readonly priority: number
  readonly note: string
  readonly run_begin: string
  readonly run_end: string
  readonly tpl_id: number
}

export interface ExpressionRow {
  readonly id: number
  readonly expression: string
  readonly func: string
  readonly op: string
  readonly right_value: string
  readonly max_step: number
  readonly priority: number
  readonly note: string
  readonly action_id: number
  readonly pause: number
}

/** Reads all tables as of one moment. */
export function loadPortalTables(database: Database): Promise<PortalTables> {
  return consistentRead(database, async (on) => ({
    host: await on.selectFrom('host').select(['id', 'hostname', 'maintain_begin', 'maintain_end']).execute(),
    grp_host: await on.selectFrom('grp_host').select(['grp_id', 'host_id']).execute(),
    tpl: await on.selectFrom('tpl').select(['id', 'tpl_name', 'parent_id', 'action_id', 'create_user']).execute(),
    grp_tpl: await on.selectFrom('grp_tpl').select(['grp_id', 'tpl_id']).execute(),
    strategy: await on
      .selectFrom('strategy')
      .select(['id', 'metric', 'tags', 'func', 'op', 'right_value', 'max_step', 'priority', 'note'])
      .select(['run_begin', 'run_end', 'tpl_id'])
      .orderBy('id')
      .execute(),
    expression: await on
      .selectFrom('expression')
      .select(['id', 'expression', 'func', 'op', 'right_value', 'max_step', 'priority', 'note', 'action_id', 'pause'])
      .orderBy('id')
      .execute(),
    plugin_dir: await on.selectFrom('plugin_dir').select(['grp_id', 'dir']).execute(),
  }))
}
