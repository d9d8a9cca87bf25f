import { once } from 'node:events'
import { relative, resolve } from 'node:path'
import type { run } from 'node:test'
import { inspect } from 'node:util'

export interface Counts {
  passed: number
  failed: number
  skipped: number
}

/** What the runner wraps around the error of a test, or around the end of a file's process. */
interface Failure extends Error {
  readonly failureType?: string
  readonly exitCode?: number | null
  readonly signal?: string | null
}

type TestsStream = ReturnType<typeof run>

/**
 * Prints a line for each test file and each skipped suite, and each failed test with its diff. What
 * a test writes is printed too.
 *
 * @returns how many tests there were; a suite that is skipped whole counts as one
 */
export async function report(tests: TestsStream, print: (text: string) => void): Promise<Counts> {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 }
  const titles: string[] = []

  function fail(
    test: { file?: string; line?: number; nesting: number; name: string },
    why: string,
  ) {
    counts.failed++
    const title = [...titles.slice(0, test.nesting), test.name].join(' > ')
    print(`\nFAILED ${short(test.file)}:${test.line} ${title}\n${indent(why)}\n\n`)
  }

  // Files are reported one after the other, so one list of titles serves them all.
  tests.on('test:start', ({ nesting, name }) => titles.splice(nesting, Infinity, name))

  tests.on('test:pass', (test) => {
    if (test.skip !== undefined) {
      counts.skipped++
      print(`${short(test.file)}: skipped '${test.name}': ${test.skip}\n`)
    } else if (isFile(test)) {
      fail(test, 'The file has no test.')
    } else if (test.details.type !== 'suite') {
      counts.passed++
    }
  })

  tests.on('test:fail', (test) => {
    const error: Failure = test.details.error
    if (error.failureType === 'subtestsFailed') return
    const crashed = isFile(test) && error.failureType === 'testCodeFailure'
    const ending = error.signal ?? `code ${error.exitCode}`
    fail(test, crashed ? `Its process ended with ${ending}.` : explain(error.cause ?? error))
  })

  tests.on('test:summary', ({ file, counts: { tests: total }, duration_ms }) => {
    if (file !== undefined) print(`${short(file)}: ${total} tests, ${duration_ms.toFixed()} ms\n`)
  })
  tests.on('test:diagnostic', ({ file, message }) => {
    // Without a file it is one of the runner's own totals.
    if (file !== undefined) print(`${short(file)}: ${message}\n`)
  })
  tests.on('test:stdout', ({ message }) => print(message))
  tests.on('test:stderr', ({ message }) => print(message))

  tests.resume()
  await once(tests, 'end')
  return counts
}

/** A file that holds no test, or whose process fails, stands in the stream as a test itself. */
function isFile({ name, file }: { name: string; file?: string }): boolean {
  return resolve(name) === file
}

/** The message with its diff, and where in this project it happened. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return inspect(error)
  const lines = (error.stack ?? error.message).split('\n')
  const own = lines.filter((line) => !/^ +at (.*\()?(node:|<anonymous>)/.test(line)).join('\n')
  return error.cause === undefined ? own : `${own}\ncaused by ${explain(error.cause)}`
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '    ')
}

function short(file = ''): string {
  return relative('.', file)
}
