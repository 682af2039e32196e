/** A row that hbs could not use, or that will not do what its author expects. */
export interface Problem {
  readonly table: 'strategy' | 'expression' | 'tpl'
  readonly id: number
  readonly reason: string
  /** Whether the row was left out. */
  readonly skipped: boolean
}
