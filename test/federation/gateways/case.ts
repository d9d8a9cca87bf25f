import type { GatewayName } from '../../support/gateways.ts'
import { ask, type Answered, type Asked, BODY, COOKIE, type Site } from './site.ts'

/** Whether a gateway asks the app for each request, or checks the cookie by itself. */
export const GATEWAYS: Readonly<Record<GatewayName, 'asks' | 'alone'>> = {
  haproxy: 'alone',
  'nginx-njs': 'alone',
  apache: 'alone',
  nginx: 'asks',
  caddy: 'asks',
}

export interface Case {
  readonly name: string
  readonly asked: (site: Site) => Promise<Asked> | Asked
  readonly seen?: (answered: Answered) => string
  /** What is seen of all, of those that ask or not, of one. */
  readonly expected:
    | string
    | (Readonly<Record<'asks' | 'alone', string>> & Readonly<Partial<Record<GatewayName, string>>>)
}

export function expectedOf({ expected }: Case, gateway: GatewayName): string {
  if (typeof expected === 'string') return expected
  return expected[gateway] ?? expected[GATEWAYS[gateway]]
}

export async function seenOf(
  { asked, seen = arrival }: Case,
  site: Site,
  port: number,
): Promise<string> {
  return seen(await ask(port, await asked(site)))
}

/** Where a request came to, or what the gateway answered. */
export function arrival({ arrived, status }: Answered): string {
  if (arrived === undefined) return `${status}`
  if (arrived.at === 'app') return 'to the app'
  return arrived.method === 'POST' && arrived.body !== BODY ? 'passes without its body' : 'passes'
}

export function cookie(...tokens: string[]): Asked {
  return { headers: { cookie: tokens.map((it) => `${COOKIE}=${it}`).join('; ') } }
}
