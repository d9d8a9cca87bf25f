import { arrival, type Case, cookie } from './case.ts'
import {
  byAnotherKey,
  byPublicKeyAsSecret,
  expired,
  lacking,
  resigned,
  unsigned,
  withAnotherPayload,
  withAnotherSignature,
  withSkLast,
} from './forgeries.ts'
import { type Answered, COOKIE, type Site } from './site.ts'

export const TOKENS: readonly Case[] = [
  { name: 'a cookie of the app', asked: token((site) => site.logIn()), expected: 'passes' },
  {
    name: 'by the key that is yet to sign',
    asked: token((site) => resigned(site, (it) => it, site.keys[1])),
    expected: 'passes',
  },
  {
    name: 'its claims written with spaces, `sk` last',
    asked: token(withSkLast),
    seen: claimsArrival,
    expected: 'passes',
  },
  { name: 'no cookie', asked: () => ({}), expected: '401' },
  { name: 'no token', asked: token(async () => 'a.b.c'), expected: '401' },
  { name: 'payload changed', asked: token(withAnotherPayload), expected: '401' },
  { name: "another token's signature", asked: token(withAnotherSignature), expected: '401' },
  { name: 'another key under our kid', asked: token(byAnotherKey), expected: '401' },
  { name: 'unknown kid', asked: token((site) => byAnotherKey(site, 'unknown')), expected: '401' },
  { name: 'alg none', asked: token(unsigned), expected: '401' },
  { name: 'HS256 by the public key', asked: token(byPublicKeyAsSecret), expected: '401' },
  {
    name: 'wrong iss',
    asked: token((site) => resigned(site, (it) => ({ ...it, iss: 'https://other.example' }))),
    expected: '401',
  },
  {
    name: 'no iss',
    asked: token((site) => resigned(site, lacking('iss'))),
    expected: { alone: '401', asks: 'passes' },
  },
  { name: 'no sk', asked: token((site) => resigned(site, lacking('sk'))), expected: '401' },
  { name: 'a session of nobody', asked: token((site) => site.anonymous()), expected: '401' },
  {
    name: 'expired',
    asked: token((site) => resigned(site, expired)),
    expected: { alone: '401', asks: 'passes' },
  },
  {
    name: 'no exp',
    asked: token((site) => resigned(site, lacking('exp'))),
    expected: { alone: '401', asks: '401', apache: 'passes' },
  },
  {
    name: 'cookies of two sessions',
    asked: async (site) => cookie(await site.logIn(), await site.logIn('bob')),
    expected: '401',
  },
  {
    name: 'the same in two headers',
    asked: async (site) => {
      const tokens = [await site.logIn(), await site.logIn('bob')]
      return { headers: { cookie: tokens.map((it) => `${COOKIE}=${it}`) } }
    },
    expected: '401',
  },
  {
    // Of another host of the site: the browser sends it as a part of `theme`.
    name: 'a cookie hidden behind a comma',
    asked: async (site) => ({ headers: { cookie: `theme=1,${COOKIE}=${await site.logIn()}` } }),
    expected: '401',
  },
  {
    name: 'the same before another header',
    asked: async (site) => ({
      headers: { cookie: [`theme=1, ${COOKIE} =${await site.logIn()}`, 'lang=en'] },
    }),
    expected: '401',
  },
  {
    name: 'a cookie hidden behind a no-break space',
    asked: async (site) => ({
      headers: { cookie: `theme=1; \xC2\xA0${COOKIE}=${await site.logIn()}` },
    }),
    expected: '401',
  },
  {
    name: 'a forged cookie before ours',
    asked: async (site) => cookie(await unsigned(site), await site.logIn()),
    expected: { alone: '401', asks: 'passes' },
  },
  {
    name: 'after logout, before exp',
    asked: async (site) => {
      const value = await site.logIn('carol')
      const visit = await site.sessions.open({
        ...(cookie(value).headers as { cookie: string }),
        method: 'POST',
        navigation: false,
      })
      await visit.session.logout()
      return cookie(value)
    },
    expected: { alone: 'passes', asks: '401' },
  },
  {
    name: 'a token of `tokenFor`',
    asked: token(async (site) => {
      const headers = { ...cookie(await site.logIn()).headers } as { cookie: string }
      return (await site.sessions.tokenFor({ headers }, { audience: 'billing' })) as string
    }),
    expected: '401',
  },
]

function claimsArrival(answered: Answered): string {
  const claims = new Map(answered.arrived?.headers).get('x-session-claims')
  const told = claims === undefined ? {} : JSON.parse(Buffer.from(claims, 'base64url').toString())
  return 'sk' in told ? 'passes with its session id' : arrival(answered)
}

function token(make: (site: Site) => Promise<string>): Case['asked'] {
  return async (site) => cookie(await make(site))
}
