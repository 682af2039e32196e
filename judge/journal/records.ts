import type { Alarm } from '../alarms/alarm.ts'

/** What the journal holds beside points. */
export type JournalRecord =
  /** First in every file. */
  | {
      readonly is: 'open'
      readonly format: 1
      /** Who we are at the event queue; made once, when there was no journal. */
      readonly producer: string
      /** Last sequence given to an event, and last series number given out, before this file. */
      readonly sequence: number
      readonly series: number
    }
  /** The new state of an event id. */
  | { readonly is: 'alarm'; readonly series: number; readonly key: string; readonly alarm: Alarm }
  /** An event that is to be put on the queue. */
  | { readonly is: 'event'; readonly sequence: number; readonly priority: number; readonly json: string }
  /** Every event up to this one is on the queue. */
  | { readonly is: 'queued'; readonly sequence: number }
  /** No rule wants this series any more. */
  | { readonly is: 'dropped'; readonly series: number }
