// Servers that are not where, or not who, the app takes them for.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chownSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import postgresJs from 'postgres'
import { mysql } from '../../src/stores/mysql.ts'
import { postgres } from '../../src/stores/postgres.ts'
import type { SqlStore } from '../../src/stores/sql/store.ts'
import { newId } from '../../src/testing/store-bench.ts'
import { needs } from '../support/needs.ts'
import * as servers from '../support/servers.ts'
import { mysqlPool, type Pool, pgPool } from '../support/sql-clients.ts'
import { isFailure, lasting, outcome } from '../support/store-faults.ts'

const NOWHERE = 'symbolon.invalid'
const TIMEOUT_MS = 2000

/** Every verb fails, and none of them hangs. */
async function fails(store: SqlStore): Promise<void> {
  const [id, record] = [newId(), lasting()]
  const outcomes = [
    outcome(() => store.setUp()),
    outcome(() => store.read(id)),
    outcome(() => store.create(id, record)),
    outcome(() => store.update(id, record, record.version)),
    outcome(() => store.touch(id, record.expires)),
    outcome(() => store.end(id)),
    outcome(() => store.revokeUser('ada', { before: 0, except: [], expires: 4e12 })),
    outcome(() => store.revocations.add('x', 4e12)),
    outcome(() => store.sweep()),
  ]
  for (const answer of await Promise.all(outcomes)) assert.ok(isFailure(answer))
}

describe('PostgreSQL', servers.postgres.needed(), () => {
  let server: servers.RunningServer
  let folder: string
  let admin: Pool
  before(async () => {
    server = await servers.postgres.start()
    admin = pgPool(server.port)
    folder = mkdtempSync(join(tmpdir(), 'symbolon-tls-'))
  })
  after(async () => {
    await admin.end()
    await server.stop()
    rmSync(folder, { recursive: true })
  })
  const failsBy = async (options: object): Promise<void> => {
    const pool = pgPool(server.port, options)
    await fails(postgres(pool, { timeout: TIMEOUT_MS }))
    await pool.end()
  }

  test('FLT-16 pg: a name that leads nowhere', () => failsBy({ host: NOWHERE }))

  test('FLT-16 FLT-17 postgres.js: a name that leads nowhere, and a server without TLS', async () => {
    const { port } = server
    for (const options of [{ host: NOWHERE }, { host: '127.0.0.1', ssl: 'require' as const }]) {
      const sql = postgresJs({ port, user: 'postgres', connect_timeout: 1, ...options })
      await fails(postgres(sql, { timeout: TIMEOUT_MS }))
      await sql.end({ timeout: 0 })
    }
  })

  test('FLT-17 pg: a server without TLS', () => failsBy({ ssl: true }))

  test('FLT-17 pg: a certificate that is not trusted, or of another host', openssl(), async () => {
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
    const files = ['-keyout', key, '-out', certificate, '-subj', '/CN=other.example']
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...files], {
      stdio: 'ignore',
    })
    const { uid, gid } = servers.ordinaryUser
    for (const path of [folder, key, certificate]) chownSync(path, uid, gid)
    await admin.query(`ALTER SYSTEM SET ssl_cert_file = '${certificate}'`)
    await admin.query(`ALTER SYSTEM SET ssl_key_file = '${key}'`)
    await admin.query('ALTER SYSTEM SET ssl = on')
    await admin.query('SELECT pg_reload_conf()')
    const trusted = { ca: readFileSync(certificate, 'utf8'), checkServerIdentity: () => undefined }
    const pool = pgPool(server.port, { ssl: trusted })
    const store = postgres(pool, { timeout: TIMEOUT_MS })
    while (isFailure(await outcome(() => store.setUp())));
    assert.equal(await store.create(newId(), lasting()), true)
    await pool.end()
    await failsBy({ ssl: true })
    await failsBy({ ssl: { ca: trusted.ca } })
  })
})

describe('MariaDB', servers.mariadb.needed(), () => {
  let server: servers.RunningServer
  before(async () => {
    server = await servers.mariadb.start()
  })
  after(() => server.stop())

  for (const [title, options] of Object.entries({
    'FLT-16 mysql2: a name that leads nowhere': { host: NOWHERE },
    'FLT-17 mysql2: a server without TLS': { ssl: {} },
  })) {
    test(title, async () => {
      const pool = mysqlPool(server.port, options)
      await fails(mysql(pool, { timeout: TIMEOUT_MS }))
      await pool.end()
    })
  }
})

function openssl(): { skip?: string } {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' })
    return {}
  } catch {
    return needs('openssl', false, 'apt-get install openssl')
  }
}
