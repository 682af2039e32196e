/**
 * The text between a bound file's parentheses → its arguments. Divided at commas, `\,` is a comma of the argument;
 * blanks around an argument go, then double quotes, then single ones. Falcon: an empty last argument is no argument.
 */
export function parseArgs(text: string): string[] {
  if (text === '') return []
  const args = text.split(/(?<!\\),/).map((arg) => trim(trim(trim(arg.replaceAll('\\,', ','), ' '), '"'), "'"))
  if (args.at(-1) === '') args.pop()
  return args
}

/** Without the given character at both ends. */
function trim(text: string, character: string): string {
  let start = 0
  let end = text.length
  while (start < end && text[start] === character) start++
  while (end > start && text[end - 1] === character) end--
  return text.slice(start, end)
}
