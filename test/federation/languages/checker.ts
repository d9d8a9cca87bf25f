import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import type { Case, Claims } from './cases.ts'

/** How a program is started; the environment is that of the tests and more. */
export interface Start {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
}

/** What a verifier says of one request's cookies: claims, none, or that it could not say. */
export interface Answer {
  readonly claims?: Claims | null
  readonly error?: string
}

/**
 * Asks a checker: a program that reads one JSON object a line, `{ cookies }`, and answers each by a
 * line, `{ claims }` or `{ error }`.
 *
 * @throws Error if it ends before its last answer
 */
export async function ask(start: Start, cases: readonly Case[]): Promise<Answer[]> {
  const child = startProgram(start)
  child.stdin.on('error', () => undefined)
  child.stdin.end(cases.map(({ cookies }) => `${JSON.stringify({ cookies })}\n`).join(''))
  const [printed, complaints] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  const answers = printed.split('\n').filter((line) => line.startsWith('{'))
  if (answers.length === cases.length) return answers.map((line) => JSON.parse(line) as Answer)
  throw new Error(`the checker ended: ${complaints.slice(-500)}`)
}

export function startProgram({ command, args, cwd, env }: Start): ChildProcessWithoutNullStreams {
  return spawn(command, args, { cwd, env: { ...process.env, ...env } })
}
