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
  alert_link: { id: Generated<number>; path: string; content: string; create_at: Generated<string> }
  user: UserTable
  team: { id: Generated<number>; name: string; resume: Generated<string>; creator: Generated<number> }
  rel_team_user: { id: Generated<number>; tid: number; uid: number }
  event_cases: EventCaseTable
  events: EventTable
  event_note: EventNoteTable
  falcon_event_queue: EventQueueTable
  falcon_queue_producer: QueueProducerTable
  falcon_seed: SeedTable
  falcon_event_taken: { event: number; consumer: string; held_until: number }
  falcon_alarm_event: AlarmEventTable
  falcon_dead_event: DeadEventTable
  falcon_case: CaseTable
  falcon_notice: NoticeTable
  falcon_message: MessageTable
  falcon_try: TryTable
  falcon_silence: SilenceTable
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

interface UserTable {
  id: Generated<number>
  name: string
  cnname: Generated<string>
  email: Generated<string>
  phone: Generated<string>
  im: Generated<string>
  /** -1 blocked, 0 normal, 1 admin, 2 root. */
  role: Generated<number>
}

export interface EventCaseTable {
  /** The event's id. */
  id: string
  endpoint: string
  /** `metric` or `metric/k=v,…`, sorted. */
  metric: string
  func: string | null
  cond: string
  note: string | null
  max_step: number | null
  current_step: number | null
  priority: number
  /** `PROBLEM` or `OK` */
  status: string
  /** Start of the problem. */
  timestamp: string
  update_at: string | null
  closed_at: string | null
  closed_note: string | null
  user_modified: number | null
  tpl_creator: string | null
  expression_id: number | null
  strategy_id: number | null
  template_id: number | null
  process_note: number | null
  /** `unresolved`, `in progress`, `resolved`, `ignored` */
  process_status: string | null
}

interface EventTable {
  id: Generated<number>
  event_caseId: string | null
  step: number | null
  cond: string
  /** 0 problem, 1 ok. */
  status: number | null
  timestamp: string
}

interface EventNoteTable {
  id: Generated<number>
  event_caseId: string | null
  note: string | null
  case_id: string | null
  status: string | null
  timestamp: Generated<string>
  user_id: number | null
}

/** Times of the tables from here on are unix milliseconds; 0 is never. */
interface AlarmEventTable {
  event_key: string
  case_id: string
  /** Of the transaction that recorded it. */
  batch: string
  queue: string
  event: string
  /** Seconds, of an OK; else 0. */
  lasted: number
  worst: number
  taken: number
}

interface DeadEventTable {
  event_key: string
  queue: string
  event: string
  reason: string
  taken: number
}

export interface CaseTable {
  case_id: string
  /** Time of the event that opened it; 0 while it is closed. */
  opened: number
  /** Time of its newest event. */
  seen: number
  worst: number
  action_id: number
  /** Its newest event. */
  event_key: string
  acknowledged: number
  acknowledged_by: string
  reminded: number
  escalated: number
}

export interface NoticeTable {
  id: Generated<number>
  notice_key: string
  kind: string
  event_key: string
  case_id: string
  endpoint: string
  metric: string
  priority: number
  status: string
  /** Unix seconds, as in the event. */
  event_time: number
  person: string
  channel: string
  address: string
  state: string
  merge_key: string
  due: number
  message_id: string
  created: number
}

export interface MessageTable {
  id: string
  kind: string
  channel: string
  receivers: string
  subject: string
  content: string
  event_key: string
  merge_key: string
  state: string
  due: number
  tries: number
  claim: string
  /** Until when the claim holds. */
  claimed: number
  failure: string
  created: number
  finished: number
}

export interface TryTable {
  id: Generated<number>
  message_id: string
  started: number
  took_ms: number
  outcome: string
  detail: string
}

export interface SilenceTable {
  id: Generated<number>
  matchers: string
  starts: number
  ends: number
  creator: string
  reason: string
  created: number
}
