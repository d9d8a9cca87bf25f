import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const PATIENCE_MS = 60_000
/** Of what it says before its end, in characters: some libraries tell of every cookie they refuse. */
const KEPT = 2000

/** A program of this folder in a process of its own, that answers each message by one. */
export class Child {
  readonly #process: ChildProcess
  readonly #exit = new AbortController()

  constructor(program: string, args: readonly string[] = []) {
    const path = fileURLToPath(new URL(program, import.meta.url))
    const env = { ...process.env, NODE_ENV: 'production' }
    this.#process = fork(path, args, { env, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
    let said = ''
    this.#process.stderr!.on('data', (text: Buffer) => {
      said = `${said}${text.toString()}`.slice(-KEPT)
    })
    this.#process.once('exit', () => {
      this.#exit.abort(new Error(`${program} ${args.join(' ')} has ended: ${said}`))
    })
  }

  ask<Answer>(message: object | string): Promise<Answer> {
    this.#process.send(message)
    return this.hear()
  }

  async hear<Answer>(): Promise<Answer> {
    const signal = AbortSignal.any([this.#exit.signal, AbortSignal.timeout(PATIENCE_MS)])
    const [answer] = (await once(this.#process, 'message', { signal })) as [Answer]
    return answer
  }

  /** It ends when it hears no more of its parent. */
  async stop(): Promise<void> {
    if (this.#exit.signal.aborted) return
    this.#process.disconnect()
    await once(this.#process, 'exit', { signal: AbortSignal.timeout(PATIENCE_MS) })
  }
}
