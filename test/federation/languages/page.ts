import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export const root: string = join(import.meta.dirname, '../../..')

/** The programs of one section of a page, by the file name that their first line gives. */
export interface Section {
  readonly files: ReadonlyMap<string, string>
  /** Changes of these files for a shared secret, as the page shows them. */
  readonly diff: string | undefined
}

/** The sections of docs/federation/<name>.md by their headings; '' is what stands before the first. */
export function sectionsOf(name: string): ReadonlyMap<string, Section> {
  const text = readFileSync(join(root, 'docs/federation', `${name}.md`), 'utf8')
  const parts = `\n${text}`.split(/^## (.+)$/m)
  const headings = ['', ...parts.filter((_, at) => at % 2 === 1)]
  const bodies = parts.filter((_, at) => at % 2 === 0)
  return new Map(headings.map((heading, at) => [heading, sectionOf(bodies[at]!)]))
}

const NAMED = /^(?:#|\/\/|<\?php \/\/) ([\w./]+\.\w+)/

function sectionOf(body: string): Section {
  const blocks = [...body.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
  const named = blocks.flatMap(([, , program = '']) => {
    const [, file] = NAMED.exec(program) ?? []
    return file === undefined ? [] : [[file, program] as const]
  })
  const diff = blocks.find(([, language]) => language === 'diff')?.[2]
  return { files: new Map(named), diff }
}

/** What a reader does who follows a diff: its kept and its removed lines are found in this order. */
export function patched(program: string, diff: string): string {
  const rest = program.split('\n')
  const changed: string[] = []
  for (const line of diff.trimEnd().split('\n')) {
    const text = line.slice(1)
    if (line.startsWith('+')) {
      changed.push(text)
      continue
    }
    const at = rest.indexOf(text)
    if (at === -1) throw new Error(`The diff has a line that the program lacks: ${text}`)
    changed.push(...rest.splice(0, at + 1).slice(0, line.startsWith('-') ? -1 : undefined))
  }
  return [...changed, ...rest].join('\n')
}

/** Writes programs as a reader would: with their own app, and their own algorithm. */
export function writePrograms(
  folder: string,
  programs: Iterable<readonly [file: string, text: string]>,
  { origin, alg }: { readonly origin: string; readonly alg: string },
): void {
  for (const [file, text] of programs) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    const own = text.replaceAll('https://app.example', origin).replaceAll('ES256', alg)
    writeFileSync(join(folder, file), own)
  }
}
