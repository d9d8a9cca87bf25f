// Writes the table of docs/federation/matrix.md: every verifier of every page that runs on this
// machine is asked anew. The rows of the others stay.
import { readFileSync, writeFileSync } from 'node:fs'
import { Bench, type Language } from '../test/federation/languages/language.ts'
import { languages } from '../test/federation/languages/languages.ts'
import { rowOf, rowsOf, withRows } from '../test/federation/languages/matrix.ts'

const FILE = 'docs/federation/matrix.md'

process.env.NODE_ENV = 'test'
const page = readFileSync(FILE, 'utf8')
const rows: string[] = []
for (const language of languages) rows.push(...(await rowsSeen(language)))
writeFileSync(FILE, withRows(page, rows))

async function rowsSeen(language: Language): Promise<string[]> {
  if (!language.isInstalled()) {
    console.log(`${language.name} is not installed here`)
    return rowsOf(page).filter((row) => row.startsWith(`| ${language.name} |`))
  }
  const bench = new Bench(language)
  await bench.open()
  const seen = []
  for (const verifier of language.verifiers) seen.push(await bench.see(verifier))
  await bench.close()
  for (const { name, mistakes } of seen) for (const mistake of mistakes) console.log(name, mistake)
  return seen.map((it) => rowOf(it))
}
