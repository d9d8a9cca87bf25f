import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/** The demo as `npm start` runs it: two processes, on free ports, with data of its own. */
export interface Demo {
  readonly app: string
  readonly service: string
  /** What it printed when it was ready. */
  readonly output: string
  /** Ctrl-C; resolves to the exit code. */
  stop(): Promise<number | null>
}

/** The demo that shares the sessions of a Django site. */
export interface DjangoDemo {
  readonly both: string
  readonly django: string
  readonly node: string
  stop(): Promise<number | null>
}

const READY = /The app +(?<app>\S+)\n +The service +(?<service>\S+)[^]*Ctrl-C/
const DJANGO_READY =
  /Both halves +(?<both>\S+)\n +Django alone +(?<django>\S+)\n +Node alone +(?<node>\S+)[^]*Ctrl-C/

type Environment = Readonly<Record<string, string>>

export function startDemo(env: Environment): Promise<Demo> {
  return start('demo/start.ts', READY, env)
}

export function startDjangoDemo(env: Environment): Promise<DjangoDemo> {
  return start('demo/django/start.ts', DJANGO_READY, env)
}

/** @param ready what the demo prints; its named groups are addresses */
async function start<T extends Demo | DjangoDemo>(
  program: string,
  ready: RegExp,
  env: Environment,
): Promise<T> {
  const demo = spawn(process.execPath, [resolve(program)], {
    env: { ...process.env, PORT: '0', SERVICE_PORT: '0', DJANGO_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(demo, 'exit')
  let output = ''
  for await (const chunk of demo.stdout.setEncoding('utf8')) {
    output += chunk
    const addresses = ready.exec(output)?.groups
    if (addresses !== undefined) return { ...addresses, output, stop } as unknown as T
  }
  throw new Error(`the demo ended before it was ready:\n${output}`)

  async function stop(): Promise<number | null> {
    demo.kill('SIGINT')
    return (await ended)[0]
  }
}

/** A folder for the demo's key and sessions, gone with the test. */
export function dataFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'demo-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
}

/** A browser as far as forms and one cookie go: sends the cookie it was given last. */
export class Visitor {
  readonly #app: string
  cookie = ''

  constructor(app: string) {
    this.#app = app
  }

  async get(url: string): Promise<Response> {
    return this.#receive(
      await fetch(new URL(url, this.#app), {
        headers: { cookie: this.cookie },
        redirect: 'manual',
      }),
    )
  }

  async post(
    path: string,
    form: Readonly<Record<string, string>> = {},
    headers = {},
  ): Promise<Response> {
    return this.#receive(
      await fetch(new URL(path, this.#app), {
        method: 'POST',
        body: new URLSearchParams(form),
        headers: { cookie: this.cookie, origin: this.#app, ...headers },
        redirect: 'manual',
      }),
    )
  }

  async page(): Promise<string> {
    return (await this.get('/')).text()
  }

  #receive(response: Response): Response {
    for (const line of response.headers.getSetCookie()) this.cookie = line.split(';')[0] ?? ''
    return response
  }
}
