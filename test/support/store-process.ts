// Another process that carries out tasks of store-tasks.ts, one after the other.
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { tasks } from './store-tasks.ts'

type Tasks = typeof tasks
type Answer = { readonly value: unknown } | { readonly failure: string }

const FILE = fileURLToPath(import.meta.url)

export class StoreProcess {
  readonly #child: ChildProcess

  /** @param mostFiles how many files the process may have open */
  constructor(context: Pick<TestContext, 'after'>, mostFiles?: number) {
    this.#child = mostFiles === undefined ? fork(FILE, ['--carry-out']) : forkWithin(mostFiles)
    context.after(() => this.kill())
  }

  async run<Name extends keyof Tasks>(
    name: Name,
    ...values: Parameters<Tasks[Name]>
  ): Promise<Awaited<ReturnType<Tasks[Name]>>> {
    this.#child.send({ name, values })
    const [answer] = (await once(this.#child, 'message')) as [Answer]
    if ('failure' in answer) throw new Error(answer.failure)
    return answer.value as Awaited<ReturnType<Tasks[Name]>>
  }

  /** Ends it at once, as a crash would. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }
}

/** By a shell, since Node itself cannot lower the limit, and raises a soft one when it starts. */
function forkWithin(mostFiles: number): ChildProcess {
  const command = `ulimit -n ${mostFiles} && exec "$0" "$@"`
  return spawn('sh', ['-c', command, process.execPath, FILE, '--carry-out'], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  })
}

async function carryOut({ name, values }: { name: keyof Tasks; values: never[] }): Promise<void> {
  try {
    const run = tasks[name] as (...all: never[]) => Promise<unknown>
    process.send?.({ value: await run(...values) })
  } catch (error) {
    process.send?.({ failure: String((error as Error).stack) })
  }
}

if (process.argv.includes('--carry-out')) {
  process.on('message', (message) => void carryOut(message as never))
}
