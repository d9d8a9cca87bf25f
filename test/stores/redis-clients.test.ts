// What the store in Redis makes of the clients that it may be given, and of their options.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { createServer } from 'node:tls'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { redis } from '../../src/stores/redis.ts'
import { newId } from '../../src/testing/store-bench.ts'
import { FaultProxy } from '../support/fault-proxy.ts'
import { command } from '../support/redis-servers.ts'
import { until } from '../support/redis-stores.ts'
import * as servers from '../support/servers.ts'
import { lasting, outcome, untilItAnswers } from '../support/store-faults.ts'

const host = '127.0.0.1'
const timeout = 400

describe('redis() and the options of clients', servers.redis.needed(), () => {
  let server: servers.RunningServer
  before(async () => {
    server = await servers.redis.start()
  })
  after(() => server.stop())

  async function holds(client: Parameters<typeof redis>[0], end: () => unknown): Promise<void> {
    const store = redis(client)
    try {
      await untilItAnswers(store)
      const [id, record] = [newId(), lasting()]
      assert.equal(await store.create(id, record), true)
      assert.deepEqual(await store.read(id), record)
      assert.deepEqual(await store.ofUser('ada'), [{ handle: store.handle(id), record }])
      assert.equal(await store.end(id), 'ok')
      await store.revocations.add('x', record.expires)
      assert.equal((await store.revocations.since(0)).entries.at(-1)?.text, 'x')
    } finally {
      await store.close?.()
      await end()
    }
  }

  test('replies may be mapped to Buffers, or come by RESP 3', async () => {
    const socket = { host, port: server.port }
    const mapped = createClient({ socket, commandOptions: { typeMapping: { 36: Buffer } } })
    await mapped.connect()
    await holds(mapped, () => mapped.destroy())
    const three = createClient({ socket, RESP: 3 })
    await three.connect()
    await holds(three, () => three.destroy())
  })

  test('keys may have another prefix, and numbers come as text', async () => {
    const client = new Redis({ host, port: server.port, keyPrefix: 'mine:', stringNumbers: true })
    await holds(client, () => client.disconnect())
  })

  test('commands may be pipelined by themselves, and the connection begin with the first', async () => {
    const options = { enableAutoPipelining: true, lazyConnect: true }
    const client = new Redis({ host, port: server.port, ...options })
    await holds(client, () => client.disconnect())
  })

  test('a user of Redis may be allowed no more than docs/stores.md says', async () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/stores.md'), 'utf8')
    const [, rules = ''] = /the user needs `([^`]+)`/.exec(page) ?? []
    await command(server.port, 'ACL', 'SETUSER', 'app', 'on', '>secret', ...rules.split(' '))
    const socket = { host, port: server.port }
    const client = createClient({ socket, username: 'app', password: 'secret' })
    await client.connect()
    const store = redis(client)
    let told = 0
    const stop = store.changes!(({ kind }) => void (kind === 'session' && told++))
    const endOne = async (): Promise<void> => {
      const id = newId()
      await store.create(id, lasting())
      await store.end(id)
    }
    await until(async () => (await endOne(), told > 0))
    await stop()
    await assert.rejects(async () => redis(client, { prefix: 'other:' }).read('x'), {
      message: /^Redis does not allow its user what the store does/,
    })
    await holds(client, () => client.destroy())
  })

  test('clients that read from replicas, and what is no client, are refused', () => {
    const replica = new Redis({
      lazyConnect: true,
      role: 'slave',
      sentinels: [{ host, port: 1 }],
      name: 'x',
    })
    const spread = new Redis.Cluster([], { lazyConnect: true, scaleReads: 'all' })
    const reading = createClient({ readonly: true })
    const noClient = { on() {}, off() {} }
    for (const client of [replica, spread, reading, noClient, undefined, 'redis://x']) {
      assert.throws(() => redis(client as never), { code: 'invalid_option' })
    }
    const client = createClient()
    const wrong = [{ timeout: 0 }, { timeout: '5' }, { prefix: 1 }, { resend: -1 }]
    for (const options of wrong) {
      assert.throws(() => redis(client, options as never), { code: 'invalid_option' })
    }
  })

  test('FLT-01 a client that was not connected says so at once', async () => {
    const store = redis(createClient())
    await assert.rejects(async () => store.read('x'), { code: 'store_unavailable' })
  })

  test('FLT-21 a queue that the client keeps for later is not used', async () => {
    const proxy = await FaultProxy.start(server.port)
    const queueing = {
      'node-redis': createClient({ socket: { host, port: proxy.port, reconnectStrategy: 50 } }),
      ioredis: new Redis({ host, port: proxy.port, retryStrategy: () => 50 }),
    }
    await queueing['node-redis'].on('error', () => undefined).connect()
    queueing.ioredis.on('error', () => undefined)
    for (const [name, client] of Object.entries(queueing)) {
      const store = redis(client, { timeout })
      await untilItAnswers(store)
      const [id, record] = [newId(), lasting()]
      await store.create(id, record)
      await proxy.fail({ kind: 'refuse' })
      await until(async () => (await outcome(() => store.read(id))) === 'store_unavailable')
      assert.equal(await outcome(() => store.end(id)), 'store_unavailable', name)
      await proxy.heal()
      await untilItAnswers(store)
      assert.deepEqual(await store.read(id), record, name)
    }
    queueing['node-redis'].destroy()
    queueing.ioredis.disconnect()
    await proxy.stop()
  })

  test('FLT-16 a name that leads nowhere is a coded error', async () => {
    const socket = { host: 'symbolon.invalid', reconnectStrategy: 50 }
    const client = createClient({ socket, disableOfflineQueue: true })
    client.on('error', () => undefined)
    client.connect().catch(() => undefined)
    assert.equal(await outcome(() => redis(client).read('x')), 'store_unavailable')
    client.destroy()
  })

  test('FLT-17 a certificate that is not to be trusted is a coded error', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'symbolon-tls-'))
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    const values = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
    const files = ['-keyout', key, '-out', cert, '-subj', '/CN=other.example']
    execFileSync('openssl', ['req', ...values, ...files], { stdio: 'ignore' })
    const identity = { key: readFileSync(key), cert: readFileSync(cert) }
    const tls = createServer(identity, (secure) => {
      const plain = createConnection(server.port, host)
      secure.pipe(plain).pipe(secure)
      for (const each of [secure, plain]) each.on('error', () => plain.destroy())
    }).listen(0, host)
    tls.on('tlsClientError', () => undefined)
    await once(tls, 'listening')
    const { port } = tls.address() as { port: number }
    const open = (trust: object) => {
      const socket = { host, port, tls: true, servername: 'redis.example', ...trust } as const
      return createClient({ socket, disableOfflineQueue: true })
    }
    const distrust: Record<string, object> = {
      DEPTH_ZERO_SELF_SIGNED_CERT: {},
      ERR_TLS_CERT_ALTNAME_INVALID: { ca: identity.cert },
    }
    for (const [code, trust] of Object.entries(distrust)) {
      const client = open(trust)
      const failing = once(client, 'error')
      const connecting = client.connect()
      assert.equal((await failing)[0].code, code)
      client.on('error', () => undefined)
      assert.equal(await outcome(() => redis(client).read('x')), 'store_unavailable')
      client.destroy()
      await connecting.catch(() => undefined)
    }
    const client = open({ rejectUnauthorized: false })
    await client.connect()
    assert.equal(await redis(client).read('x'), undefined)
    client.destroy()
    tls.close()
    rmSync(folder, { recursive: true })
  })
})
