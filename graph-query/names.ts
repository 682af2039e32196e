const longestName = 1024
const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u
const forbidden = /['">]/

/**
 * Whether graph stores series with such an endpoint or counter. Falcon: quotes, `>` and everything that cannot be
 * printed are refused, blanks other than the ordinary one included.
 */
export function isStorableName(name: string): boolean {
  return name.length <= longestName && !forbidden.test(name) && printable.test(name)
}
