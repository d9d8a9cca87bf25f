// The real Django, in a process of its own: test/django/site, with its own sessions, users and
// passwords, on a free port of the loopback.
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { needs } from './needs.ts'

const root = join(import.meta.dirname, '../..')

/** One Django of .cache, with its PyJWT. */
export interface Django {
  /** `Django 5.2.19, PyJWT 2.6.0` */
  readonly name: string
  readonly django: string
  readonly pyjwt: string
  readonly python: string
}

export interface SiteOptions {
  /** The newest, unless told otherwise. */
  readonly django?: Django
  /** Whose session middleware: django-session-jwt's, the one shipped with this package, Django's. */
  readonly middleware?: 'stock' | 'shipped' | 'plain'
  /** An SQLite file of the site's own, unless told otherwise. */
  readonly database?: Database
  readonly engine?: 'db' | 'cached_db' | 'cache' | 'file' | 'signed_cookies'
  /** Where the cache is: `redis://127.0.0.1:6379/1`. Without it, in the site's process. */
  readonly redis?: string
  /** Name → password. Those who are in the database already keep what they have. */
  readonly users?: Readonly<Record<string, string>>
  /** Any setting of Django, as JSON; the lists of DJANGO_SESSION_JWT become tuples. */
  readonly settings?: Readonly<Record<string, unknown>>
}

export type Database =
  | { readonly engine: 'sqlite'; readonly name: string }
  | { readonly engine: 'postgres' | 'mariadb'; readonly port: number; readonly name?: string }

export interface DjangoSite {
  readonly url: string
  readonly port: number
  /** Where its files are: `site.db` unless the database is another one, and the file engine's. */
  readonly folder: string
  readonly django: Django
  /** Runs Python in the site's process; what it leaves in `result` comes back as JSON. */
  python(code: string): Promise<any>
  /** The text of `session_data` for these data. */
  encode(data: unknown): Promise<string>
  /** What Django reads from such a text. */
  decode(text: string): Promise<any>
  /** What Django's Redis cache writes for these data. */
  pickle(data: unknown): Promise<Buffer>
  unpickle(bytes: Uint8Array): Promise<any>
  /** Ends the process; its files are gone. */
  stop(): Promise<void>
}

/** What the site is set up with, unless told otherwise. */
export const SITE_SECRET_KEY = 'a secret of the site that is only for tests, 2f8c1d'
export const SITE_TOKEN_KEY = 'a key of the tokens that is only for tests, 91be07'
export const SITE_USERS = { alice: 'first-half', bob: 'second-half' } as const

/** The oldest and the newest Django that were installed; they may differ in PyJWT alone. */
export function djangos(): Django[] {
  return ['oldest', 'newest']
    .map((name) => join(root, '.cache', `django-${name}`))
    .filter((folder) => existsSync(join(folder, 'installed.txt')))
    .map((folder) => describeDjango(join(folder, 'bin/python')))
}

export const django = {
  /** Options for `describe`: skipped where Django is not installed, and an error in CI. */
  needed: (): { skip?: string } => needs('Django', djangos().length > 0, 'test/django/install'),
}

/** Starts the site; two or three seconds. */
export async function startDjango(options: SiteOptions = {}): Promise<DjangoSite> {
  const { django: chosen = djangos().at(-1)!, middleware = 'stock', engine = 'db' } = options
  const folder = mkdtempSync(join(tmpdir(), 'symbolon-django-'))
  const site = {
    folder,
    middleware,
    engine,
    database: options.database ?? { engine: 'sqlite' },
    redis: options.redis,
    users: options.users ?? SITE_USERS,
    settings: options.settings ?? {},
  }
  const child = spawn(chosen.python, [join(root, 'test/django/site/serve.py')], {
    env: {
      ...process.env,
      DJANGO_SITE: JSON.stringify(site),
      PYTHONPATH: join(root, 'python'),
      PYTHONDONTWRITEBYTECODE: '1',
    },
  })
  const line = new OrderLine(child)
  const { port } = await line.ready
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    folder,
    django: chosen,
    python: (code) => line.order({ op: 'python', code }),
    encode: async (data) => String(await line.order({ op: 'encode', data })),
    decode: (text) => line.order({ op: 'decode', text }),
    pickle: async (data) => Buffer.from(String(await line.order({ op: 'pickle', data })), 'base64'),
    unpickle: (bytes) =>
      line.order({ op: 'unpickle', text: Buffer.from(bytes).toString('base64') }),
    async stop() {
      const exit = once(child, 'exit')
      child.stdin.end()
      await exit
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Django's own reading and writing of sessions: a site whose pages nobody asks for. */
export function djangoCodec(options: SiteOptions = {}): Promise<DjangoSite> {
  return startDjango({ ...options, middleware: 'plain', users: {} })
}

interface Order {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

/** Orders go in as lines, answers come out as lines, in any number at once. */
class OrderLine {
  readonly ready: Promise<{ port: number }>
  readonly #child: ChildProcessWithoutNullStreams
  readonly #orders: Map<number, Order> = new Map()
  #last = 0

  constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child
    let printed = ''
    child.stderr.on('data', (chunk) => {
      printed = `${printed}${String(chunk)}`.slice(-4096)
    })
    this.ready = new Promise((resolve, reject) => {
      this.#orders.set(0, { resolve: (first) => resolve(first as { port: number }), reject })
    })
    createInterface(child.stdout).on('line', (text) => this.#hear(text))
    child.once('exit', () => {
      const error = new Error(`the Django site ended:\n${printed}`)
      for (const { reject } of this.#orders.values()) reject(error)
    })
  }

  order(order: Readonly<Record<string, unknown>>): Promise<unknown> {
    const id = ++this.#last
    return new Promise((resolve, reject) => {
      this.#orders.set(id, { resolve, reject })
      this.#child.stdin.write(`${JSON.stringify({ id, ...order })}\n`)
    })
  }

  #hear(text: string): void {
    const { id = 0, error, result, ...first } = JSON.parse(text)
    const order = this.#orders.get(id)
    this.#orders.delete(id)
    if (error === undefined) order?.resolve(id === 0 ? first : result)
    else order?.reject(new Error(error))
  }
}

function describeDjango(python: string): Django {
  const code = 'import django, jwt; print(django.__version__, jwt.__version__)'
  const printed = execFileSync(python, ['-c', code], { encoding: 'utf8' })
  const [version = '', pyjwt = ''] = printed.trim().split(' ')
  return { name: `Django ${version}, PyJWT ${pyjwt}`, django: version, pyjwt, python }
}
