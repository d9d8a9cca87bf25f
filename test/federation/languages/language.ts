import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { after, before, describe, test } from 'node:test'
import type { Algorithm } from '../../../src/token/key.ts'
import { ALGORITHMS } from '../../token/fixtures.ts'
import { needs } from '../../support/needs.ts'
import { type App, startApp } from './app.ts'
import { type Case, type Claims, casesOf } from './cases.ts'
import { type Answer, type Start, ask } from './checker.ts'
import { type Seen, rowAbout, rowOf, versionIn } from './matrix.ts'
import { patched, root, sectionsOf, writePrograms } from './page.ts'
import { holdRevocations } from './revocations.ts'
import { holdService } from './service.ts'

/** A library, as a section of its language's page shows it. */
export interface Verifier {
  /** The section's heading. */
  readonly name: string
  /** The version that was found here. */
  readonly version: () => string
  /** Whether that is whatever the system has, and not what our lists ask for. */
  readonly ofSystem?: true
  readonly accepts: readonly Algorithm[]
  /** Which claims it answers, if not all. */
  readonly claims?: readonly string[]
  /** Files of other sections that it needs. */
  readonly with?: readonly string[]
  /** How the programs become a checker; what it needs beside them is in checkers/. */
  readonly start: (folder: string) => Start
  readonly checkers: readonly string[]
}

/** A program of a page that answers over HTTP, `GET /me` and `POST /orders`. */
export interface Service extends Omit<Verifier, 'version' | 'accepts'> {
  /** The section of the verifier that it is tried with; default its own. */
  readonly verifier?: string
  /** Whether CORS is left to something that is not on the page. */
  readonly withoutCors?: true
}

export interface Language {
  readonly name: string
  /** Of docs/federation, without `.md`. */
  readonly page: string
  readonly isInstalled: () => boolean
  readonly verifiers: readonly Verifier[]
  readonly services: readonly Service[]
  /** What follows the app's revocations. */
  readonly revocations?: Service
}

export const INSTALL = 'test/federation/languages/toolchains/install'
export const installed: string = join(root, '.cache/federation')

const CASES = 'ALG-01 ALG-07 ALG-11 ALG-12 ALG-21 ALG-25 FED-11 FED-12'

/** The tests of one page: every verifier by the same cases for every algorithm, and its services. */
export function holdLanguage(language: Language): void {
  const options = needs(
    `what docs/federation/${language.page}.md asks for`,
    language.isInstalled(),
    INSTALL,
  )
  describe(`docs/federation/${language.page}.md`, options, () => {
    const bench = new Bench(language)
    before(() => bench.open())
    after(() => bench.close())

    for (const verifier of language.verifiers) {
      test(`${CASES} ${verifier.name} reads what it should, and nothing else`, async () => {
        const seen = await bench.see(verifier)
        assert.deepEqual(seen.mistakes, [])
        const row = rowAbout(seen, readFileSync(join(root, 'docs/federation/matrix.md'), 'utf8'))
        const version = verifier.ofSystem ? versionIn(row) : seen.version
        assert.equal(row, rowOf({ ...seen, version }))
      })
    }
    for (const service of language.services) {
      test(`${service.name}: a service over HTTP`, async () => {
        const app = bench.app('ES256')
        await holdService(service, service.start(bench.lay(service, app, service.verifier)), app)
      })
    }
    if (language.revocations !== undefined) holdReader(bench, language.revocations)
  })
}

function holdReader(bench: Bench, reader: Service): void {
  test('R32 FED-02 FED-04 a reader of the revocations', async () => {
    await using app = await startApp('ES256')
    await holdRevocations(reader.start(bench.lay(reader, app, reader.verifier)), app)
  })
}

/** The apps of all algorithms, and a folder for each program that reads their cookies. */
export class Bench {
  readonly #language: Language
  readonly #apps: Map<Algorithm, { readonly app: App; readonly cases: readonly Case[] }> = new Map()
  #folder = ''

  constructor(language: Language) {
    this.#language = language
  }

  async open(): Promise<void> {
    mkdirSync(installed, { recursive: true })
    this.#folder = mkdtempSync(join(installed, `run-${this.#language.page}-`))
    for (const alg of ALGORITHMS) {
      const app = await startApp(alg)
      this.#apps.set(alg, { app, cases: await casesOf(app) })
    }
  }

  async close(): Promise<void> {
    for (const { app } of this.#apps.values()) await app[Symbol.asyncDispose]()
    rmSync(this.#folder, { recursive: true })
  }

  app(alg: Algorithm): App {
    return this.#apps.get(alg)!.app
  }

  async see(verifier: Verifier): Promise<Seen> {
    const accepted: Algorithm[] = []
    const mistakes: string[] = []
    for (const alg of ALGORITHMS) {
      const wrong = await this.#mistakes(verifier, alg)
      if (wrong.length === 0 && verifier.accepts.includes(alg)) accepted.push(alg)
      mistakes.push(...wrong.map((it) => `${alg}: ${it}`))
    }
    const { name, version } = verifier
    return { language: this.#language.name, name, version: version(), accepted, mistakes }
  }

  /** What it does not read it must refuse, as it refuses the rest, and not by breaking down. */
  async #mistakes(verifier: Verifier, alg: Algorithm): Promise<string[]> {
    const { app, cases } = this.#apps.get(alg)!
    const reads = verifier.accepts.includes(alg)
    const start = verifier.start(this.lay(verifier, app))
    const env = { ...start.env, SESSION_SECRET: app.keyText }
    try {
      const answers = await ask({ ...start, env }, cases)
      return cases.flatMap(({ name, claims }, at) =>
        mistakeOf({ name, claims: reads ? claims : undefined }, answers[at]!, verifier.claims),
      )
    } catch (error) {
      return [String(error)]
    }
  }

  /**
   * Writes the programs of a section, and those of the page that it builds on, for this app.
   *
   * @returns the folder
   */
  lay(part: Verifier | Service, app: App, other = part.name): string {
    const { alg } = app
    const folder = mkdtempSync(join(this.#folder, `${part.name} ${alg} `.replaceAll(/\W+/g, '-')))
    const sections = sectionsOf(this.#language.page)
    const all = new Map([...sections.values()].flatMap(({ files }) => [...files]))
    const programs = new Map(sections.get('')!.files)
    for (const name of part.with ?? []) programs.set(name, all.get(name)!)
    for (const name of [other, part.name]) {
      const { files, diff = '' } = sections.get(name)!
      for (const [file, text] of files) {
        programs.set(file, alg === 'HS256' && isOf(diff, text) ? patched(text, diff) : text)
      }
    }
    writePrograms(folder, programs, app)
    for (const file of part.checkers) {
      cpSync(join(import.meta.dirname, 'checkers', file), join(folder, file.replace(/^.*\//, '')))
    }
    return folder
  }
}

interface Expected {
  readonly name: string
  readonly claims: Claims | undefined
}

/** Whether a diff is of this program: it takes away a line of it. */
function isOf(diff: string, program: string): boolean {
  const [, removed] = /^-(.*)$/m.exec(diff) ?? []
  return removed !== undefined && program.split('\n').includes(removed)
}

function mistakeOf(
  { name, claims }: Expected,
  answer: Answer,
  names?: readonly string[],
): string[] {
  const picked = (from: Claims | null | undefined): Claims | null =>
    from && names ? Object.fromEntries(names.map((it) => [it, from[it]])) : (from ?? null)
  const said = answer.error ?? picked(answer.claims)
  return isDeepStrictEqual(said, picked(claims)) ? [] : [`${name}: ${JSON.stringify(said)}`]
}
