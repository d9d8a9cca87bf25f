// An app and a service on loopback, for gateways to stand before.
import { execFileSync } from 'node:child_process'
import type { JsonWebKey } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as send,
  type ServerResponse,
} from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { keysCommand } from '../../../src/cli/keys.ts'
import { readRing } from '../../../src/cli/ring-file.ts'
import { createSessions, type Sessions } from '../../../src/sessions.ts'
import { memory } from '../../../src/stores/memory.ts'
import { login } from '../../../src/testing/index.ts'
import { LOOPBACK } from '../../support/servers.ts'

export const COOKIE = '__Host-session'
export const OTHER_ORIGIN = 'https://spa.example'
/** No user has a plan. */
export const HEADERS = {
  'x-auth-request-user': 'sub',
  'x-auth-request-name': 'n',
  'x-auth-request-plan': 'plan',
}

export type PrivateJwk = JsonWebKey & { readonly kid: string }

/** What an upstream was sent. */
export interface Arrived {
  readonly at: 'app' | 'service'
  readonly method: string
  readonly path: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

/** The real app, a service that tells what it is sent, and what a gateway is to know of them. */
export interface Site {
  readonly sessions: Sessions
  readonly issuer: string
  /** The file of the app's key ring. */
  readonly ring: string
  /** The key that signs, and the one that waits, both published. */
  readonly keys: readonly [current: PrivateJwk, next: PrivateJwk]
  /** The certificate of the issuer's address. */
  readonly authority: string
  /** What gateways asked the app. */
  readonly questions: readonly IncomingHttpHeaders[]
  /** Arguments of `symbolon gateway`. */
  readonly args: readonly string[]
  /** The cookie of a new session. */
  logIn(id?: string): Promise<string>
  /** The cookie of a session without a user. */
  anonymous(): Promise<string>
  stopApp(): void
  close(): Promise<void>
}

/** @param now the app's clock */
export async function startSite(now: () => number = Date.now): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), 'symbolon-site-'))
  const file = join(folder, 'ring.json')
  keysCommand.run(['init', file])
  const certificate = selfSigned(folder)
  const secure = createSecureServer({ cert: certificate.cert, key: certificate.key })
  const issuer = `https://${LOOPBACK}:${await listen(secure)}`
  const sessions = createSessions({
    keys: { file },
    fields: [['name', 'n', 'name']],
    issuer,
    cookie: { name: COOKIE, secure: true },
    store: memory({ now }),
    now,
  })
  const verify = sessions.forwardAuth({ headers: HEADERS })
  const questions: IncomingHttpHeaders[] = []
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.url === '/verify') {
      questions.push(request.headers)
      verify(request, response)
    } else sessions.wellKnown(request, response, () => echo('app')(request, response))
  }
  secure.on('request', answer)
  const app = createServer(answer)
  const service = createServer(echo('service'))
  const urls = await Promise.all(
    [app, service].map(async (it) => `http://${LOOPBACK}:${await listen(it)}`),
  )
  const servers = [secure, app, service]
  return {
    sessions,
    issuer,
    ring: file,
    keys: readRing(file).map(({ key }) => key) as [PrivateJwk, PrivateJwk],
    authority: certificate.cert,
    questions,
    args: Object.entries({
      issuer,
      origin: OTHER_ORIGIN,
      cookie: COOKIE,
      keys: file,
      app: urls[0]!,
      service: urls[1]!,
    })
      .flatMap(([name, value]) => [`--${name}`, value])
      .concat(Object.entries(HEADERS).flatMap(([name, claim]) => ['--header', `${name}=${claim}`])),
    logIn: async (id = 'alice') => (await login(sessions, { id, name: 'Zoë 100%' })).value,
    async anonymous() {
      const visit = await sessions.open({ cookie: undefined, method: 'POST', navigation: false })
      Object.assign(visit.session, { cart: ['tea'] })
      const { cookies } = await visit.commit({ status: 200, cacheControl: undefined })
      return cookies[0]!.value
    },
    stopApp() {
      app.close()
      app.closeAllConnections()
    },
    async close() {
      for (const server of servers) {
        server.close()
        server.closeAllConnections()
      }
      await sessions.close()
      rmSync(folder, { recursive: true })
    },
  }
}

function echo(at: Arrived['at']) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    const { method = '', url: path = '', rawHeaders } = request
    const headers = rawHeaders.flatMap((name, index) =>
      index % 2 === 0 ? [[name.toLowerCase(), rawHeaders[index + 1] as string] as const] : [],
    )
    const tell = (body: string): void => {
      response.end(JSON.stringify({ at, method, path, headers, body } satisfies Arrived))
    }
    text(request).then(tell, () => response.destroy())
  }
}

async function listen(server: Server): Promise<number> {
  await once(server.listen(0, LOOPBACK), 'listening')
  return (server.address() as AddressInfo).port
}

function selfSigned(folder: string): { cert: string; key: string } {
  const [file, keyFile] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')]
  execFileSync(
    'openssl',
    `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=${LOOPBACK} -addext subjectAltName=IP:${LOOPBACK} -out ${file} -keyout ${keyFile}`.split(
      ' ',
    ),
    { stdio: 'pipe' },
  )
  return { cert: readFileSync(file, 'utf8'), key: readFileSync(keyFile, 'utf8') }
}

/** Of a POST. */
export const BODY = 'text=hello'

export interface Asked {
  readonly method?: string
  /** As it is to stand in the request line. */
  readonly path?: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
}

export interface Answered {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  /** What came to the app or the service, if anything did. */
  readonly arrived: Arrived | undefined
}

/** Asks as no browser would: with headers and paths exactly as they are given. */
export async function ask(
  port: number,
  { method = 'GET', path = '/api/x', headers = {} }: Asked,
): Promise<Answered> {
  const values = Object.entries(headers).map(([name, value]) => [name, [value].flat()])
  const sent = send({
    host: LOOPBACK,
    port,
    method,
    path,
    headers: Object.fromEntries(values),
    agent: false,
  })
  const [response] = (await once(sent.end(method === 'POST' ? BODY : ''), 'response')) as [
    IncomingMessage,
  ]
  const answer = await text(response)
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    arrived: answer.startsWith('{"at"') ? (JSON.parse(answer) as Arrived) : undefined,
  }
}
