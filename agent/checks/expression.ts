/** Whether a text fits. */
export type Matcher = (text: string) => boolean

/** Why an expression cannot be used; undefined when it can. It is checked without what will run it, which is large. */
export function expressionProblem(source: string): string | undefined {
  if (/\(\?(?:[=!]|<[=!])|\\[1-9]/.test(source)) return 'looking ahead, behind or back takes unlimited time'
  try {
    ''.search(new RegExp(source.replace(/^\(\?[ims]+\)/, '')))
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/** Runs of these characters mean themselves. */
const plain = /^[^\\^$.*+?()[\]{}|]*$/

/** Matches anywhere in a text, in time that grows with its length only, whatever the expression. */
export async function loadMatcher(source: string): Promise<Matcher> {
  if (plain.test(source)) return (text) => text.includes(source)
  const { RE2JS } = await import('re2js')
  const expression = RE2JS.compile(source)
  return (text) => expression.matcher(text).find()
}
