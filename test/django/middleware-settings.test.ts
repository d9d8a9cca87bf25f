// What django-session-jwt makes of settings that its README allows or that are mistaken, seen, and
// that the middleware of this package uses them or refuses them when the server starts.
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { type DjangoSite, SITE_TOKEN_KEY, djangos, startDjango } from '../support/django.ts'
import { claimsOf } from './visitor.ts'

const PAIR = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})
/** What is set otherwise than the site has it: by JSON, and by Python. */
interface Change {
  readonly options?: Readonly<Record<string, unknown>>
  readonly code?: string
}
const jwt = (options: Readonly<Record<string, unknown>>): Change => ({ options })
const python = (code: string): Change => ({ code })
/** CALLABLE is a function of the settings themselves. */
const callable = (code: string): Change =>
  python(`${code}\nDJANGO_SESSION_JWT["CALLABLE"] = "settings.extra"`)

/** What a login says: its status, the claims of its cookie, if the user is in the store, and the status after it. */
type Seen = readonly [status: number, claims: string, isStored: boolean, next: number]
const REFUSED = 'does not start'
const GOOD: Seen = [200, 'sk iat exp u', true, 200]
/** Nothing is stored before it is known that the answer will say so. */
const STOPPED: Seen = [500, '', false, 200]
/** The store has a login that the browser never hears of. */
const HALF: Seen = [500, '', true, 200]
const BROKEN: Seen = [500, '', true, 500]

const cases: readonly [name: string, Change, stock: unknown, shipped: unknown][] = [
  ['nothing else is set', jwt({}), GOOD, GOOD],
  ['EXPIRES is not set', jwt({ EXPIRES: null }), BROKEN, [200, 'sk iat u', true, 200]],
  ['EXPIRES is a text', jwt({ EXPIRES: '900' }), BROKEN, REFUSED],
  ['FIELDS is a tuple', python('DJANGO_SESSION_JWT["FIELDS"] = (("id", "u"),)'), REFUSED, GOOD],
  ['FIELDS has lists', python('DJANGO_SESSION_JWT["FIELDS"] = [["id", "u"]]'), REFUSED, GOOD],
  ['FIELDS has an empty one', jwt({ FIELDS: [[]] }), REFUSED, REFUSED],
  [
    'the short name is iat',
    jwt({ FIELDS: [['username', 'iat']] }),
    [200, 'sk iat exp', true, 500],
    REFUSED,
  ],
  [
    'the short name is exp',
    jwt({ FIELDS: [['username', 'exp']] }),
    [200, 'sk iat exp', true, 200],
    REFUSED,
  ],
  [
    'the long name is sk',
    jwt({ FIELDS: [['id', 'u', 'sk']] }),
    [200, 'sk iat exp u', true, 500],
    REFUSED,
  ],
  [
    'a long name is the short one of another field',
    jwt({
      FIELDS: [
        ['id', 'u', 'user_id'],
        ['username', 'n', 'u'],
      ],
    }),
    [200, 'sk iat exp u n', true, 200],
    REFUSED,
  ],
  ['KEY is a list', python(`DJANGO_SESSION_JWT["KEY"] = ${pair()}`), REFUSED, GOOD],
  ['KEY names no file', jwt({ KEY: '/no/such/file.pem' }), GOOD, REFUSED],
  ['KEY is one PEM', jwt({ KEY: PAIR.privateKey }), HALF, REFUSED],
  ['KEY is no pair', jwt({ KEY: [PAIR.privateKey, otherPublicKey()] }), GOOD, REFUSED],
  [
    'there is no AuthenticationMiddleware',
    python('MIDDLEWARE = [each for each in MIDDLEWARE if "auth" not in each]'),
    [500, '', false, 500],
    [200, 'sk iat exp', true, 200],
  ],
  ['CALLABLE takes nobody', callable('def extra(): return {}'), HALF, GOOD],
  ['CALLABLE returns nothing', callable('def extra(user): pass'), HALF, GOOD],
  [
    'CALLABLE returns a session key',
    callable('def extra(user): return {"sk": "a" * 32}'),
    GOOD,
    STOPPED,
  ],
  [
    'CALLABLE fails: the bare session key goes out, and opens nothing',
    callable('def extra(user): return {"name": user.nickname}'),
    [200, '', true, 200],
    STOPPED,
  ],
  [
    'a field is a date',
    jwt({ FIELDS: [['date_joined', 'd']] }),
    HALF,
    [200, 'sk iat exp d', true, 200],
  ],
  [
    'CALLABLE returns a UUID',
    callable('import uuid\ndef extra(user): return {"tenant": uuid.UUID(int=7)}'),
    HALF,
    [200, 'sk iat exp u tenant', true, 200],
  ],
  ['a field is a method', jwt({ FIELDS: [['get_full_name', 'name']] }), HALF, STOPPED],
]

for (const version of djangos()) {
  describe(`R42 ${version.name}: settings of django-session-jwt`, () => {
    let site: DjangoSite

    before(async () => {
      const settings = {
        DJANGO_SESSION_JWT: { KEY: SITE_TOKEN_KEY, FIELDS: [['id', 'u']], EXPIRES: 900 },
      }
      site = await startDjango({ django: version, settings })
    })
    after(() => site?.stop())

    for (const [name, change, stock, shipped] of cases) {
      for (const [middleware, expected] of Object.entries({ stock, shipped })) {
        test(`${name}, ${middleware}: ${JSON.stringify(expected)}`, async () => {
          assert.deepEqual(await seen(site, middleware, change), expected)
        })
      }
    }
  })
}

async function seen(
  site: DjangoSite,
  middleware: string,
  { options = {}, code = '' }: Change,
): Promise<Seen | string> {
  const values = [middleware, options, code].map((value) => JSON.stringify(JSON.stringify(value)))
  const result = await site.python(
    `import json, trial\nresult = trial.trial(*map(json.loads, [${values.join(', ')}]))`,
  )
  if (result === null) return REFUSED
  const claims = Object.keys(claimsOf(result.token)).join(' ')
  return [result.status, claims, result.isStored, result.next]
}

function pair(): string {
  return JSON.stringify([PAIR.privateKey, PAIR.publicKey])
}

function otherPublicKey(): string {
  return generateKeyPairSync('rsa', { modulusLength: 2048 })
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString()
}
