import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { exportsOf } from './support/declarations.ts'

/** All that users can import. A name that is missing here, or too many, is a change of the API. */
const API: Record<string, string[]> = {
  symbolon: [
    'SessionError',
    'createSessions',
    'defineFields',
    'type CookieCarrier',
    'type CookieOptions',
    'type CookieVariant',
    'type CreateSessionsOptions',
    'type Duration',
    'type Endpoint',
    'type ErrorAnswer',
    'type EventCode',
    'type FieldForm',
    'type Fields',
    'type ForwardAuthOptions',
    'type KeepOptions',
    'type KeySpec',
    'type Keys',
    'type MaybePromise',
    'type RefreshOptions',
    'type Register',
    'type RegisteredUser',
    'type RejectionCode',
    'type RequestAuth',
    'type RevocationLog',
    'type RevocationPage',
    'type SameSite',
    'type Session',
    'type SessionData',
    'type SessionErrorCode',
    'type SessionEvent',
    'type SessionObject',
    'type SessionOptions',
    'type SessionRecord',
    'type Sessions',
    'type Store',
    'type StoreChange',
    'type StoreGuarantees',
    'type StoredSession',
    'type TokenForOptions',
    'type UserMark',
  ],
  'symbolon/express': ['sessionMiddleware', 'type SessionMiddlewareOptions'],
  'symbolon/fastify': ['sessionPlugin', 'type SessionPluginOptions'],
  'symbolon/node': ['type SessionRequest', 'withSession'],
  'symbolon/fetch': ['type SessionContext', 'withSession'],
  'symbolon/django': [
    'django',
    'type Csrf',
    'type CsrfRequest',
    'type CsrfSettings',
    'type DeleteKey',
    'type Django',
    'type DjangoCache',
    'type DjangoCookieSettings',
    'type DjangoDatabase',
    'type DjangoOptions',
    'type DjangoSessionOptions',
    'type DjangoUser',
    'type FindUser',
    'type MysqlClient',
    'type SqliteClient',
    'type TokenKey',
    'type TokenSettings',
    'type UserTable',
  ],
  'symbolon/verify': [
    'createVerifier',
    'defineFields',
    'type CheckReason',
    'type CheckResult',
    'type Duration',
    'type FieldForm',
    'type Fields',
    'type KeySet',
    'type PublicKey',
    'type Secret',
    'type TrustOptions',
    'type VerifiableRequest',
    'type Verifier',
    'type VerifierOptions',
    'type VerifierProblem',
  ],
  'symbolon/verify/express': ['requireAuth', 'type RequireAuthOptions'],
  'symbolon/verify/fastify': ['requireAuth', 'type FastifyReplyLike', 'type RequireAuthOptions'],
  'symbolon/verify/hono': ['requireAuth', 'type HonoContext', 'type RequireAuthOptions'],
  'symbolon/verify/koa': ['requireAuth', 'type KoaContext', 'type RequireAuthOptions'],
  'symbolon/express-session': [
    'Cookie',
    'MemoryStore',
    'Session',
    'Store',
    'default',
    'module.exports',
    'type CookieOptions',
    'type DropInSessions',
    'type SessionData',
    'type SessionMiddleware',
    'type SessionOptions',
  ],
  'symbolon/express-session/as-connect-store': ['asConnectStore', 'type AsConnectStoreOptions'],
  'symbolon/express-session/session/cookie': ['default', 'module.exports'],
  'symbolon/express-session/session/memory': ['default', 'module.exports'],
  'symbolon/express-session/session/session': ['default', 'module.exports'],
  'symbolon/express-session/session/store': ['default', 'module.exports'],
  'symbolon/stores/connect': ['connect', 'type ConnectOptions', 'type ConnectStore'],
  'symbolon/stores/memory': ['memory'],
  'symbolon/stores/mysql': ['mysql', 'type MysqlOptions', 'type MysqlPool'],
  'symbolon/stores/postgres': ['postgres', 'type PostgresClient', 'type PostgresOptions'],
  'symbolon/stores/redis': ['redis', 'type RedisClient', 'type RedisOptions'],
  'symbolon/stores/sqlite': [
    'sqlite',
    'type LibsqlClient',
    'type LibsqlStore',
    'type SqliteDatabase',
    'type SqliteOptions',
    'type SqliteTimes',
  ],
  'symbolon/stores/keyv': ['keyv', 'type KeyValueOptions', 'type KeyvClient'],
  'symbolon/stores/unstorage': ['type KeyValueOptions', 'type UnstorageClient', 'unstorage'],
  'symbolon/testing': [
    'login',
    'testSessions',
    'type LoginOptions',
    'type TestClock',
    'type TestLogin',
    'type TestSessions',
    'type TestSessionsOptions',
  ],
  'symbolon/testing/store-suite': ['testStore', 'type StoreSuiteOptions', 'type StoreUnderTest'],
  'symbolon/testing/adapter-suite': [
    'testAdapter',
    'type Serve',
    'type Served',
    'type SuiteAnswer',
    'type SuiteApp',
    'type SuiteContext',
  ],
}

const root = join(import.meta.dirname, '..')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const entries = Object.entries<{ types: string }>(manifest.exports)
  .filter(([entry]) => entry !== './package.json')
  .map(([entry, { types }]) => ({ name: entry.replace('.', 'symbolon'), types: join(root, types) }))

test('the package installs nothing else', () => {
  for (const kind of ['dependencies', 'optionalDependencies', 'bundleDependencies']) {
    assert.equal(manifest[kind], undefined)
  }
})

test('what is built is published, and no more than that can be imported', () => {
  assert.deepEqual(
    entries.map(({ name }) => name),
    Object.keys(API),
  )
  assert.ok(manifest.files.includes('dist'))
  assert.equal(manifest.type, 'module')
})

for (const { name, types } of entries) {
  describe(name, () => {
    test('exports these names', () => {
      const names = exportsOf(types).map((it) => (it.kind === 'type' ? `type ${it.name}` : it.name))
      assert.deepEqual(names.toSorted(), API[name]?.toSorted())
    })

    test('has the values that its types declare', async () => {
      const values = exportsOf(types).filter(({ kind }) => kind === 'value')
      assert.deepEqual(
        Object.keys(await import(name)).toSorted(),
        values.map((it) => it.name).toSorted(),
      )
    })

    test('documents every name', () => {
      const undocumented = exportsOf(types).filter(({ documented }) => !documented)
      assert.deepEqual(
        undocumented.map((it) => it.name),
        [],
      )
    })
  })
}
