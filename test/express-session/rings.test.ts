import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, describe, test } from 'node:test'
import { decodeProtectedHeader } from 'jose'
import { generateKey } from '../../src/cli/keygen.ts'
import { changeRing, createRing, readRing } from '../../src/cli/ring-file.ts'
import { burn, entriesOf, firstKeys, type RotationPlan } from '../../src/cli/rotation.ts'
import { sessionCookie } from './client.ts'
import { Kit } from './kit.ts'
import { EXPRESS_VERSIONS, OURS } from './subjects.ts'

const kit = new Kit(OURS, EXPRESS_VERSIONS[1]!.express)
const folder = mkdtempSync(join(tmpdir(), 'symbolon-drop-in-'))
after(() => rmSync(folder, { recursive: true }))
const file = join(folder, 'ring.json')
const HOUR = 3_600_000

function plan(): RotationPlan {
  const lives = { grace: 24 * HOUR, tokenLife: HOUR / 4, life: 24 * HOUR }
  return { now: Date.now(), make: generateKey, ...lives }
}

const handler = (req: any, res: any): void => {
  if (req.query.set) req.session.name = req.query.set
  res.json({ name: req.session.name ?? null })
}

function kidOf(cookie: string | undefined): string | undefined {
  return decodeProtectedHeader(cookie!.slice('connect.sid='.length)).kid
}

describe('R21 R22 key rings in the drop-in', () => {
  beforeEach(() => {
    rmSync(file, { force: true })
    createRing(file, firstKeys(generateKey(), plan()))
  })
  const currentKid = (): string =>
    entriesOf(readRing(file), Date.now()).find(({ state }) => state === 'current')!.timed.key.kid

  test('a ring signs, and what the secret signed before is read and replaced', async (t) => {
    const store: unknown = new OURS.session.MemoryStore()
    const before = await kit.serve(t, { options: { store }, handler })
    const old = sessionCookie(await before.get('/?set=Ada'))
    const { get } = await kit.serve(t, { options: { store, keys: { file } }, handler })
    const reply = await get('/', { cookie: old })
    assert.deepEqual(JSON.parse(reply.body), { name: 'Ada' })
    assert.equal(kidOf(sessionCookie(reply)), currentKid())
  })

  test('on a slow clock, too, the secret does not sign', async (t) => {
    const options = { keys: { file }, now: () => Date.now() - 60_000 }
    const { get } = await kit.serve(t, { options, handler })
    assert.equal(kidOf(sessionCookie(await get('/?set=Ada'))), currentKid())
  })

  test('while it is only read yet, the secret signs', async (t) => {
    const store: unknown = new OURS.session.MemoryStore()
    const keys = { file }
    const derived = { store, keys, migrate: { write: 'derived' } }
    const first = await kit.serve(t, { options: derived, handler })
    const second = await kit.serve(t, { options: { store, keys }, handler })
    const cookie = sessionCookie(await second.get('/?set=Ada'))
    assert.equal(kidOf(cookie), currentKid())
    const back = await first.get('/', { cookie })
    assert.deepEqual(JSON.parse(back.body), { name: 'Ada' })
    assert.notEqual(kidOf(sessionCookie(back)), currentKid())
    const forth = await second.get('/', { cookie: sessionCookie(back) })
    assert.equal(kidOf(sessionCookie(forth)), currentKid())
  })

  test('R7 a token by a key that another process was told of first is read', async (t) => {
    const store: unknown = new OURS.session.MemoryStore()
    let time = Date.now()
    const options = { store, keys: { file }, now: () => time }
    const slow = await kit.serve(t, { options, handler })
    const cookie = sessionCookie(await slow.get('/?set=Ada'))
    rmSync(file)
    createRing(file, firstKeys(generateKey(), plan()))
    const fast = await kit.serve(t, { options, handler })
    const other = sessionCookie(await fast.get('/?set=Bob'))
    time += 1000
    const reply = await slow.get('/', { cookie: other })
    assert.deepEqual(JSON.parse(reply.body), { name: 'Bob' })
    assert.deepEqual(JSON.parse((await slow.get('/', { cookie })).body), { name: null })
  })

  test('a burned key is replaced at the next request', async (t) => {
    let time = Date.now()
    const { get } = await kit.serve(t, { options: { keys: { file }, now: () => time }, handler })
    const cookie = sessionCookie(await get('/?set=Ada'))
    changeRing(file, (keys) => burn(keys, currentKid(), plan()))
    time += 1000
    const unknown = cookie!.replace(
      /=[^.]+/,
      `=${Buffer.from('{"kid":"?","alg":"ES256"}').toString('base64url')}`,
    )
    await get('/', { cookie: unknown })
    const reply = await get('/', { cookie })
    assert.deepEqual(JSON.parse(reply.body), { name: 'Ada' })
    assert.equal(kidOf(sessionCookie(reply)), currentKid())
  })

  test('requests wait for keys that are fetched; if they cannot be had, the app hears of it', async (t) => {
    let fails = true
    const keys = async (): Promise<string> => {
      await new Promise((resolve) => setImmediate(resolve))
      if (fails) throw new Error('no network')
      return JSON.stringify({ keys: readRing(file) })
    }
    let time = Date.now()
    const { get, errors } = await kit.serve(t, { options: { keys, now: () => time }, handler })
    assert.equal((await get('/?set=Ada')).status, 500)
    assert.equal(errors[0].code, 'keys_unavailable')
    fails = false
    time += 1000
    assert.equal(kidOf(sessionCookie(await get('/?set=Ada'))), currentKid())
  })
})

describe('R23 a KMS behind the drop-in', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const kms = { fails: false }
  const keys = {
    public: createPublicKey(privateKey.export({ type: 'sec1', format: 'pem' })),
    async sign(bytes: Uint8Array): Promise<Uint8Array> {
      if (kms.fails) throw new Error('ThrottlingException')
      return sign('sha256', bytes, privateKey)
    },
  }

  test('a session that it does not sign for is not begun; one that has a cookie goes on', async (t) => {
    kms.fails = true
    const { get, errors, store } = await kit.serve(t, { options: { keys, rolling: true }, handler })
    const refused = await get('/?set=Ada')
    assert.deepEqual([refused.status, sessionCookie(refused)], [500, undefined])
    assert.equal(errors[0].code, 'keys_unavailable')
    assert.equal(Object.values(store.sessions).filter((it) => String(it).includes('Ada')).length, 0)
    kms.fails = false
    const cookie = sessionCookie(await get('/?set=Bob'))
    kms.fails = true
    const rolled = await get('/?set=Cy', { cookie })
    assert.deepEqual([rolled.status, sessionCookie(rolled)], [200, undefined])
    assert.equal(JSON.parse((await get('/', { cookie })).body).name, 'Cy')
  })
})
