// What the store in Redis does when Redis refuses, forgets, or holds what it did not write.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { inspect } from 'node:util'
import type { SessionRecord, Store } from '../../src/session/record.ts'
import { redis } from '../../src/stores/redis.ts'
import { newId, newVersion } from '../../src/testing/store-bench.ts'
import { FaultProxy } from '../support/fault-proxy.ts'
import { command } from '../support/redis-servers.ts'
import { type OpenClient, openClients } from '../support/redis-stores.ts'
import * as servers from '../support/servers.ts'
import {
  isFailure,
  lasting,
  outcome,
  prepareVerbs,
  untilItAnswers,
} from '../support/store-faults.ts'

const timeout = 400

/** What servers say for other reasons than the command. */
const REFUSALS = [
  'LOADING Redis is loading the dataset in memory',
  "READONLY You can't write against a read only replica.",
  "OOM command not allowed when used memory > 'maxmemory'.",
  'MISCONF Redis is configured to save RDB snapshots, but it is currently not able to persist on disk.',
  'NOAUTH Authentication required.',
  'NOPERM this user has no permissions to run this command',
  'MOVED 1234 127.0.0.1:1',
  'CLUSTERDOWN Hash slot not served',
  'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
  'MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to no.',
  'ERR max number of clients reached',
]

for (const [name, open] of Object.entries(openClients)) {
  describe(`Redis by ${name} when it refuses`, servers.redis.needed(), () => {
    let server: servers.RunningServer
    let proxy: FaultProxy
    let opened: OpenClient
    let store: Store

    before(async () => {
      server = await servers.redis.start()
      proxy = await FaultProxy.start(server.port)
      opened = open(proxy.port)
      store = redis(opened.client, { timeout, prefix: 'app:' })
      await untilItAnswers(store)
    })
    after(async () => {
      await store.close?.()
      await opened.end()
      await proxy.stop()
      await server.stop()
    })
    const ask = (...words: string[]): Promise<string> => command(server.port, ...words)
    const nothing = () => ''

    for (const refusal of REFUSALS) {
      test(`FLT-09 ${refusal.split(' ')[0]} fails every verb, and no longer than it lasts`, async () => {
        const useAll = await prepareVerbs(store)
        await proxy.fail({ kind: 'answer', answer: refuse(refusal) })
        const outcomes = await useAll()
        await proxy.heal()
        await untilItAnswers(store)
        for (const { name: verb, answer, check } of outcomes) {
          assert.equal(answer, 'store_unavailable', verb)
          await check()
        }
      })
    }

    test('FLT-09 scripts that Redis has forgotten are sent again', async () => {
      const useAll = await prepareVerbs(store)
      await ask('SCRIPT', 'FLUSH')
      for (const { name: verb, answer, check } of await useAll()) {
        assert.ok(!isFailure(answer), verb)
        await check()
      }
    })

    test('FLT-09 a full memory refuses writes, and reads go on', async () => {
      const [id, record] = [newId(), lasting()]
      await store.create(id, record)
      await ask('CONFIG', 'SET', 'maxmemory', '1')
      assert.equal(await outcome(() => store.create(newId(), lasting())), 'store_unavailable')
      assert.equal(await outcome(() => store.end(id)), 'store_unavailable')
      assert.deepEqual(await store.read(id), record)
      await ask('CONFIG', 'SET', 'maxmemory', '0')
      assert.equal(await store.end(id), 'ok')
    })

    test('FLT-11 a session that Redis evicted is not there, and others live', async () => {
      const ids = Array.from({ length: 200 }, newId)
      const record = lasting({ data: JSON.stringify({ fill: 'x'.repeat(20_000) }) })
      for (const id of ids) await store.create(id, record)
      const used = Number(/used_memory:(\d+)/.exec(await ask('INFO', 'memory'))?.[1])
      await ask('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
      await ask('CONFIG', 'SET', 'maxmemory', String(used - 1_000_000))
      await store.create(newId(), lasting())
      await ask('CONFIG', 'SET', 'maxmemory', '0')
      const answers = await Promise.all(ids.map(async (id) => store.read(id)))
      const gone = answers.filter((answer) => answer === undefined).length
      assert.ok(gone > 0 && gone < ids.length, `${gone} were evicted`)
      for (const answer of answers) if (answer !== undefined) assert.deepEqual(answer, record)
      const lost = ids[answers.indexOf(undefined)]!
      assert.equal(await store.update(lost, lasting(), record.version), 'gone')
      assert.equal(await store.touch(lost, record.expires + 1), false)
      assert.equal(await store.end(lost), 'gone')
    })

    test('FLT-08 a lost reply gives nobody the session of another', async () => {
      const users = Array.from({ length: 6 }, (_, n) => `user ${n}`)
      const ids = users.map(newId)
      const records = users.map((userId) => lasting({ userId }))
      for (const [n, id] of ids.entries()) await store.create(id, records[n]!)
      const lost = losing(() => store.read(ids[0]!, users[0]))
      const answers = await Promise.all(ids.map((id, n) => outcome(() => store.read(id, users[n]))))
      assert.ok(isFailure(await lost))
      for (const [n, answer] of answers.entries()) {
        assert.ok(isFailure(answer) || isSame(answer, records[n]!), `session ${n}`)
      }
      await untilItAnswers(store)
      for (const [n, id] of ids.entries()) assert.deepEqual(await store.read(id), records[n])
    })

    test('FLT-08 a lost reply tells nobody that another’s write was theirs', async () => {
      const [right, wrong] = [newId(), newId()]
      const record = lasting()
      for (const id of [right, wrong]) await store.create(id, record)
      const lost = losing(() => store.touch(right, record.expires + 1))
      const next = { ...record, version: newVersion() }
      const answers = await Promise.all([
        outcome(() => store.update(wrong, next, 'another version')),
        outcome(() => store.update(right, next, record.version)),
        outcome(() => store.end(wrong, 'another version')),
      ])
      assert.ok(isFailure(await lost))
      assert.notEqual(answers[0], 'ok')
      assert.notEqual(answers[2], 'ok')
      await untilItAnswers(store)
      assert.equal(((await store.read(wrong)) as SessionRecord).version, record.version)
    })

    /** Begins a verb whose request is swallowed, while the connection goes on. */
    function losing(verb: () => unknown): Promise<unknown> {
      const [connection] = [...proxy.connections].slice(-1)
      connection!.fault = {
        kind: 'answer',
        answer: () => {
          connection!.fault = undefined
          return nothing()
        },
      }
      return outcome(verb)
    }

    test('FLT-20 while Redis is silent, verbs fail at once', async () => {
      await proxy.fail({ kind: 'silence' })
      assert.ok(isFailure(await outcome(() => store.read(newId()))))
      let waited = 0
      for (let n = 0; n < 100; n++) {
        if ((await outcome(() => store.read(newId()))) === 'store_timeout') waited++
      }
      await proxy.heal()
      assert.ok(waited <= 1, `${waited} waited for the time limit`)
      await untilItAnswers(store)
    })

    test('R44 errors tell nothing of a session, nor does their cause', async () => {
      const secret = 'do not tell this'
      const id = `id of ${secret}`
      const record = lasting({ userId: secret, data: JSON.stringify({ secret }) })
      const unknown = `ERR unknown command 'EVALSHA', with args beginning with: '${id}' '${secret}'`
      for (const refusal of [unknown, 'OOM no', 'WRONGTYPE no']) {
        await proxy.fail({ kind: 'answer', answer: refuse(refusal) })
        for (const verb of [() => store.create(id, record), () => store.read(id, secret)]) {
          await assert.rejects(
            async () => verb(),
            (error) => {
              const text = inspect(error, { depth: 10, showHidden: true })
              assert.ok(!text.includes(secret), text)
              assert.ok(!text.includes(store.handle!(id)), text)
              return true
            },
          )
        }
        await proxy.heal()
        await untilItAnswers(store)
      }
    })

    test('FLT-21 what was asked for while Redis was away is not carried out later', async () => {
      const [id, record] = [newId(), lasting()]
      await store.create(id, record)
      const created = newId()
      await proxy.fail({ kind: 'refuse' })
      assert.ok(isFailure(await outcome(() => store.end(id))))
      assert.ok(isFailure(await outcome(() => store.create(created, lasting()))))
      await proxy.heal()
      await untilItAnswers(store)
      assert.deepEqual(await store.read(id), record)
      assert.equal(await store.read(created), undefined)
    })
  })
}

/** One error for each command of a request. */
function refuse(refusal: string): (request: Buffer) => string {
  return (request) => {
    const commands = request.toString().match(/^\*\d+\r\n\$/gm)?.length ?? 1
    return `-${refusal}\r\n`.repeat(commands)
  }
}

function isSame(answer: unknown, record: SessionRecord): boolean {
  return (answer as SessionRecord | undefined)?.version === record.version
}
