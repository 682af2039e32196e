import type { Generated } from 'kysely'

/**
 * The tables used so far, with the columns of Open-Falcon's schema; MySQL and the embedded database agree on all names.
 * Times of the portal tables are text, `YYYY-MM-DD HH:MM:SS` in the server's local time, unless a unit is named.
 */
export interface Tables {
  host: HostTable
  grp: GroupTable
  grp_host: { grp_id: number; host_id: number }
  tpl: TemplateTable
  grp_tpl: { grp_id: number; tpl_id: number; bind_user: Generated<string> }
  strategy: StrategyTable
  expression: ExpressionTable
  action: ActionTable
  plugin_dir: PluginDirTable
  falcon_event_queue: EventQueueTable
  falcon_queue_producer: QueueProducerTable
  falcon_seed: SeedTable
}

export interface HostTable {
  id: Generated<number>
  /** The endpoint the agent reports. */
  hostname: string
  /** At most 16 characters. */
  ip: Generated<string>
  /** At most 16 characters. */
  agent_version: Generated<string>
  /** At most 128 characters. */
  plugin_version: Generated<string>
  /** Unix seconds; 0 with `maintain_end` 0 means no maintenance. */
  maintain_begin: Generated<number>
  maintain_end: Generated<number>
  update_at: Generated<string>
}

export interface GroupTable {
  id: Generated<number>
  grp_name: string
  create_user: Generated<string>
  create_at: Generated<string>
  /** 0 synchronised from an asset system, 1 made by hand. */
  come_from: Generated<number>
}

export interface TemplateTable {
  id: Generated<number>
  tpl_name: string
  /** 0 for a root. */
  parent_id: Generated<number>
  /** 0 when nobody is to be told. */
  action_id: Generated<number>
  create_user: Generated<string>
  create_at: Generated<string>
}

export interface StrategyTable {
  id: Generated<number>
  metric: string
  /** `k=v,k2=v2`; empty matches any tags. */
  tags: Generated<string>
  max_step: Generated<number>
  priority: Generated<number>
  /** At most 16 characters. */
  func: Generated<string>
  op: string
  /** A number as text. */
  right_value: string
  note: Generated<string>
  /** `HH:MM` or empty. */
  run_begin: Generated<string>
  run_end: Generated<string>
  tpl_id: number
}

export interface ExpressionTable {
  id: Generated<number>
  /** `each(metric=<m> k=v …)` */
  expression: string
  func: Generated<string>
  op: string
  right_value: string
  max_step: Generated<number>
  priority: Generated<number>
  note: Generated<string>
  action_id: Generated<number>
  create_user: Generated<string>
  /** 1 is off. */
  pause: Generated<number>
}

export interface ActionTable {
  id: Generated<number>
  /** Names of teams, separated by commas. */
  uic: Generated<string>
  url: Generated<string>
  callback: Generated<number>
  before_callback_sms: Generated<number>
  before_callback_mail: Generated<number>
  after_callback_sms: Generated<number>
  after_callback_mail: Generated<number>
}

export interface PluginDirTable {
  id: Generated<number>
  grp_id: number
  dir: string
  create_user: Generated<string>
  create_at: Generated<string>
}

/** Events waiting for alarm; rows leave in the order of `id`. */
interface EventQueueTable {
  id: Generated<number>
  /** Name of the list, for example `event:p0`. */
  queue: string
  producer: string
  sequence: number
  event: string
  /** Unix seconds. */
  created: number
}

interface QueueProducerTable {
  producer: string
  /** The highest sequence that was taken. */
  sequence: number
}

/** Which default contents were once put in, so that what somebody deleted stays deleted. */
interface SeedTable {
  name: string
  /** Unix seconds. */
  applied: number
}
