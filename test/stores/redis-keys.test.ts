// What lies under the keys of the store in Redis, and what other programs may have put there.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Store } from '../../src/session/record.ts'
import { redis } from '../../src/stores/redis.ts'
import { newId } from '../../src/testing/store-bench.ts'
import { command } from '../support/redis-servers.ts'
import { type OpenClient, openClients } from '../support/redis-stores.ts'
import * as servers from '../support/servers.ts'
import { lasting, outcome, untilItAnswers } from '../support/store-faults.ts'

describe('the keys of redis()', servers.redis.needed(), () => {
  let server: servers.RunningServer
  let opened: OpenClient
  let store: Store

  before(async () => {
    server = await servers.redis.start()
    opened = openClients['node-redis'](server.port)
    store = redis(opened.client, { prefix: 'app:' })
    await untilItAnswers(store)
  })
  after(async () => {
    await store.close?.()
    await opened.end()
    await server.stop()
  })
  const ask = (...words: string[]): Promise<string> => command(server.port, ...words)

  test('STO-16 what another program wrote under a key is no session, and stays', async () => {
    const [id, wrongType] = [newId(), newId()]
    const key = `app:${store.handle!(id)}`
    for (const text of ['', '{}', 'x', 'ended', '\x80\x04}', 'a\nb\nc', '{"cookie":{}}']) {
      await ask('SET', key, text)
      assert.equal(await store.read(id), undefined)
      assert.equal(await store.create(id, lasting()), false)
      assert.equal(await store.update(id, lasting(), text), 'gone')
      assert.equal(await store.touch(id, lasting().expires), false)
      assert.equal(await store.end(id), 'gone')
      assert.equal(await ask('GET', key), text)
    }
    await ask('RPUSH', `app:${store.handle!(wrongType)}`, 'x')
    assert.equal(await outcome(() => store.read(wrongType)), 'store_unavailable')
    assert.equal(await outcome(() => store.create(wrongType, lasting())), 'store_unavailable')
  })

  test('STO-16 a record that was moved to the key of another session opens nothing', async () => {
    const [mine, theirs] = [newId(), newId()]
    await store.create(mine, lasting())
    await ask('COPY', `app:${store.handle!(mine)}`, `app:${store.handle!(theirs)}`)
    assert.equal(await outcome(() => store.read(theirs)), 'store_unavailable')
    await untilItAnswers(store)
    assert.equal(typeof (await store.read(mine)), 'object')
  })

  test('STO-15 STO-24 keys begin with the prefix and hold no id, and none is searched', async () => {
    const id = newId()
    const other = redis(opened.client, { prefix: 'other:' })
    await ask('CONFIG', 'RESETSTAT')
    await store.create(id, lasting({ userId: 'ada of the prefix' }))
    assert.equal(await other.read(id), undefined)
    assert.deepEqual(await other.ofUser('ada of the prefix'), [])
    assert.equal((await store.ofUser!('ada of the prefix')).length, 1)
    await store.end(id)
    const calls = await ask('INFO', 'commandstats')
    assert.match(calls, /cmdstat_get:/)
    assert.doesNotMatch(calls, /cmdstat_(keys|scan):/)
    const keys = await ask('KEYS', '*')
    assert.ok(!keys.includes(id) && !keys.includes('ada of the prefix'))
    for (const key of JSON.parse(keys)) assert.match(key, /^app:/)
  })
})
