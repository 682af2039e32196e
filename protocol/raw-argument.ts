/**
 * One JSON value as it came from outside, parsed the ordinary way and still available as text, because Go's decoder
 * makes distinctions that a parsed value has lost: `60.0` is no integer, a member may be given twice.
 */
export interface RawArgument {
  /** What JSON.parse makes of it; undefined when the argument was left out (`params` is `[]`). */
  readonly value: unknown
  /** A text that holds the argument's own, perhaps with more around it: for tests that must be quick. */
  readonly source?: string
  /** The exact JSON text of the argument. Found when asked for, so ask only when `value` will not do. */
  text(): string
}
