/**
 * What hbs tells judge to watch. Member names and their order are the wire's
 * (`Hbs.GetStrategies`, `Hbs.GetExpressions`), and they reappear inside every event.
 */
export interface TemplateRef {
  id: number
  name: string
  parentId: number
  actionId: number
  creator: string
}

/** A rule for the hosts that a template is bound to. `maxStep` 0 never notifies; `priority` 0 is the worst, 6 the mildest. */
export interface Strategy {
  id: number
  metric: string
  /** An item must carry all of these; `{}` matches every item of the metric. */
  tags: Record<string, string>
  func: string
  operator: string
  rightValue: number
  maxStep: number
  priority: number
  note: string
  /** The youngest template of the chain that the strategy came through. */
  tpl: TemplateRef | null
}

/** A rule for every item with these tags, whatever the host; `endpoint` may be one of the tags. */
export interface Expression {
  id: number
  metric: string
  tags: Record<string, string>
  func: string
  operator: string
  rightValue: number
  maxStep: number
  priority: number
  note: string
  actionId: number
}

export interface HostStrategies {
  hostname: string
  strategies: Strategy[]
}

/** Answer of `Hbs.GetStrategies`; hosts without strategies are absent, the order means nothing. */
export interface StrategiesAnswer {
  hostStrategies: HostStrategies[]
}

/** Answer of `Hbs.GetExpressions`; `null` when there are none, as Open-Falcon sends it. */
export interface ExpressionsAnswer {
  expressions: Expression[] | null
}
