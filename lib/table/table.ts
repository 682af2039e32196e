/**
 * Aligned columns for a terminal: a heading line, then the rows. Columns of which every cell is a number are
 * right-aligned. Cells are padded by their width in code points, trailing blanks are cut.
 */
export function formatTable(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heading.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => Array.from(row[column] ?? '').length)),
  )
  const numeric = heading.map((_, column) => rows.length > 0 && rows.every((row) => isNumber(row[column] ?? '')))
  const line = (cells: readonly string[]) =>
    widths
      .map((width, column) => {
        const cell = cells[column] ?? ''
        const padding = ' '.repeat(width - Array.from(cell).length)
        return numeric[column] ? padding + cell : cell + padding
      })
      .join('  ')
      .trimEnd()
  return [heading, ...rows].map(line).join('\n')
}

function isNumber(cell: string): boolean {
  return /^-?[\d., ]+%?$/.test(cell) || cell === '-' || cell === ''
}
