import { createHmac } from 'node:crypto'
import { type ClientAnswer, HttpClient } from '../../src/testing/http-client.ts'
import { type DjangoSite, SITE_TOKEN_KEY } from '../support/django.ts'

export type Claims = Readonly<Record<string, unknown>>

/** A browser of the site: every page is asked for by POST, which the site takes for all of them. */
export class Visitor {
  readonly #client: HttpClient

  constructor(site: Pick<DjangoSite, 'url'>, cookie?: string) {
    this.#client = new HttpClient(site)
    if (cookie !== undefined) this.cookie = cookie
  }

  get cookie(): string {
    return this.#client.jar.get('sessionid') ?? ''
  }

  set cookie(value: string) {
    this.#client.jar.set('sessionid', value)
  }

  ask(path: string): Promise<ClientAnswer> {
    return this.#client.ask(path, { method: 'POST' })
  }

  async json(path: string): Promise<any> {
    return JSON.parse((await this.ask(path)).body)
  }

  async logIn(name = 'alice', password = 'first-half'): Promise<void> {
    await this.ask(`/login?username=${name}&password=${password}`)
  }

  /** Whom the site holds the visitor for. */
  async user(): Promise<string | null> {
    return (await this.json('/whoami')).user
  }
}

let gates = 0

/**
 * Sends a slow request, and when it has read its session does something else before it goes on.
 *
 * @param values what the slow request sets at its end, as a query: `cart="lamp"`
 */
export async function slowly(
  site: Pick<DjangoSite, 'url'>,
  cookie: string,
  meanwhile: () => Promise<unknown>,
  values = '',
): Promise<ClientAnswer> {
  const gate = `gate${++gates}`
  // Without a cookie: its own requests must not write the session.
  const porter = new Visitor(site)
  const answer = new Visitor(site, cookie).ask(`/slow/${gate}?${values}`)
  await porter.ask(`/await/${gate}`)
  await meanwhile()
  await porter.ask(`/open/${gate}`)
  return answer
}

/** The session cookie that an answer sets: `''` where it deletes it. */
export function cookieSet({ cookies }: ClientAnswer): string | undefined {
  const line = cookies.find((each) => each.startsWith('sessionid='))
  return line?.slice('sessionid='.length).split(';')[0]!.replaceAll('"', '')
}

/** The claims of a token, or of the one that an answer sets. */
export function claimsOf(token: string | undefined): any {
  const [, payload] = (token ?? '').split('.')
  return payload === undefined ? {} : JSON.parse(Buffer.from(payload, 'base64url').toString())
}

/** A token as the site signs it, or with what a header and a key say. */
export function sign(claims: unknown, header: unknown = {}, key = SITE_TOKEN_KEY): string {
  const parts = [{ alg: 'HS256', typ: 'JWT', ...(header as object) }, claims]
  const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  const signature = createHmac('sha256', key).update(text.join('.')).digest('base64url')
  return [...text, signature].join('.')
}

/** The same token, signed some seconds earlier. */
export function aged(token: string, seconds: number): string {
  const claims = claimsOf(token)
  return sign({ ...claims, iat: claims.iat - seconds, exp: claims.exp - seconds })
}
