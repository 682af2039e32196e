import { cruise } from 'dependency-cruiser'
import type { ICruiseResult } from 'dependency-cruiser'
import { importRules } from './rules.ts'

export interface Findings {
  /** Source files that were really read, relative to the folder. */
  readonly files: readonly string[]
  /** `rule: from → to`, sorted. */
  readonly broken: readonly string[]
}

/** Follows the imports of every source file below the given folders of `root` and holds them against the import rules. */
export async function cruiseImports(root: string, folders: readonly string[]): Promise<Findings> {
  const { output } = await cruise(
    [...folders],
    {
      baseDir: root,
      ruleSet: { forbidden: importRules },
      validate: true,
      parser: 'swc',
      tsPreCompilationDeps: true,
      doNotFollow: { path: 'node_modules' },
      exclude: { path: '(^|/)(dist|var)/' },
    },
    {
      conditionNames: ['source', 'import', 'node', 'default'],
      exportsFields: ['exports'],
      extensions: ['.ts', '.js', '.json'],
    },
  )
  const result = output as ICruiseResult
  return {
    files: result.modules.filter((module) => module.source.endsWith('.ts')).map((module) => module.source),
    broken: result.summary.violations.map((one) => `${one.rule.name}: ${one.from} → ${one.to}`).toSorted(),
  }
}
