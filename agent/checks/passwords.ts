/** The text with `***` for name and password of each URL in it, also of `url=me:secret@host`: for logs and pages. */
export function withoutPasswords(text: string): string {
  return text.replaceAll(/(:\/\/|url=)[^\s/?#]*@/g, '$1***@')
}
