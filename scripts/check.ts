// Checks what neither the compiler nor the linter knows of this project: `npm run check`.
import { dependencies } from './rules/dependencies.ts'
import { entries } from './rules/entries.ts'
import { fileSizes } from './rules/file-sizes.ts'
import { importCycles } from './rules/import-cycles.ts'
import { importOrder } from './rules/import-order.ts'
import { pureFiles } from './rules/pure-files.ts'
import { readTree, type Rule } from './rules/tree.ts'

const rules: Rule[] = [importOrder, importCycles, pureFiles, fileSizes, entries, dependencies]

const tree = readTree(process.argv[2] ?? '.')
const violations = rules.flatMap((rule) => [...rule(tree)])

for (const { file, line, message } of violations) console.log(`${file}:${line} ${message}`)
console.log(`${tree.size} files, ${violations.length} broken rules`)
process.exitCode = violations.length === 0 ? 0 : 1
