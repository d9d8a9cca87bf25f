// What a store on a server does when the way to the server fails.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { Store } from '../../src/session/record.ts'
import { newId } from '../../src/testing/store-bench.ts'
import { type Fault, FaultProxy } from './fault-proxy.ts'
import type { RunningServer, ServerKind } from './servers.ts'
import { isFailure, lasting, outcome, prepareVerbs, untilItAnswers } from './store-faults.ts'

/** The time limit that a tested store is to have. */
export const TIMEOUT_MS = 800

type TestedStore = Store & { setUp?(): Promise<void> }

/** A client of a server, and what makes stores over it. */
export interface NetworkClient {
  readonly server: ServerKind
  /** How many connections it makes at most. */
  readonly connections: number
  readonly connect: (port: number) => OpenNetworkClient
}

export interface OpenNetworkClient {
  open(): TestedStore
  end(): unknown
}

const GARBAGE = Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'.repeat(20))

interface Case {
  readonly fault: Fault
  /** Whether verbs answer all the same; by chance, where a part of the reply is enough. */
  readonly answers?: true | 'by chance'
  /** Clients that do not come through it by themselves, and why: nothing is claimed of them. */
  readonly except?: Record<string, string>
}

const faults: Record<string, Case> = {
  'FLT-02 nobody listens any more': { fault: { kind: 'refuse' } },
  'FLT-03 a reset before the request': { fault: { kind: 'reset', at: 'request' } },
  'FLT-03 a reset in the middle of the request': { fault: { kind: 'reset', at: 'half' } },
  'FLT-03 FLT-04 a reset after the request': { fault: { kind: 'reset', at: 'sent' } },
  'FLT-04 a reset before the reply of what was carried out': {
    fault: { kind: 'reset', at: 'reply' },
  },
  'FLT-05 a black hole': { fault: { kind: 'silence' } },
  'FLT-06 a delay within the limit': { fault: { kind: 'delay', ms: 50 }, answers: true },
  'FLT-06 a delay beyond the limit': { fault: { kind: 'delay', ms: 1000 } },
  'FLT-07 a reply that drips': {
    fault: { kind: 'drip', ms: 100 },
    except: { 'postgres.js': 'it ends no connection as long as bytes come' },
  },
  'FLT-08 a reply that is cut': { fault: { kind: 'truncate' }, answers: 'by chance' },
  'FLT-08 garbage in place of a reply': {
    fault: { kind: 'answer', answer: () => GARBAGE },
    except: { 'postgres.js': 'it waits for the rest of what it takes for a message' },
  },
}

/** Holds a store over the client against each fault: an answer that holds or a coded error, in time. */
export function testNetwork(
  name: string,
  { server: kind, connect, connections: most }: NetworkClient,
): void {
  void describe(`${name} when the network fails`, kind.needed(), () => {
    let server: RunningServer
    let proxy: FaultProxy
    let client: OpenNetworkClient
    let store: TestedStore
    before(async () => {
      server = await kind.start()
      proxy = await FaultProxy.start(server.port)
      client = connect(proxy.port)
      store = client.open()
      await store.setUp?.()
      await untilItAnswers(store)
    })
    after(async () => {
      await client.end()
      await proxy.stop()
      await server.stop()
    })

    for (const [title, { fault, answers, except }] of Object.entries(faults)) {
      if (except?.[name] !== undefined) continue
      void test(title, async () => {
        const useAll = await prepareVerbs(store)
        const hits = proxy.hits
        await proxy.fail(fault)
        const outcomes = await useAll()
        await proxy.heal()
        await untilItAnswers(store)
        for (const { name: verb, answer, check } of outcomes) {
          if (answers !== 'by chance') assert.equal(isFailure(answer), answers === undefined, verb)
          await check()
        }
        assert.ok(fault.kind === 'refuse' || proxy.hits > hits)
      })
    }

    void test('FLT-01 a server that comes later is used then', async () => {
      await proxy.fail({ kind: 'refuse' })
      const late = connect(proxy.port)
      const lateStore = late.open()
      assert.ok(isFailure(await outcome(() => lateStore.read(newId()))))
      await proxy.heal()
      await untilItAnswers(store)
      await lateStore.setUp?.()
      await untilItAnswers(lateStore)
      assert.equal(await lateStore.create(newId(), lasting()), true)
      await late.end()
    })

    const halfDies = async () => {
      const ids = Array.from({ length: most * 4 }, newId)
      await Promise.all(ids.map(async (id) => store.create(id, lasting())))
      for (const connection of [...proxy.connections].slice(0, most / 2)) {
        connection.fault = { kind: 'silence' }
      }
      const during = await Promise.all(ids.map((id) => outcome(() => store.read(id))))
      assert.ok(during.some((answer) => !isFailure(answer)))
      await untilItAnswers(store)
      for (const connection of proxy.connections) connection.heal()
      await untilItAnswers(store)
    }
    if (most > 1) void test('FLT-18 half of the connections are dead, and replaced', halfDies)

    void test('FLT-19 a thousand calls that wait for the server come through by the pool alone', async () => {
      const id = newId()
      const record = lasting()
      await store.create(id, record)
      await proxy.fail({ kind: 'delay', ms: 100 })
      const waiting = Array.from({ length: 1000 }, () => outcome(() => store.read(id)))
      await proxy.heal()
      const answers = await Promise.all(waiting)
      for (const answer of answers) if (!isFailure(answer)) assert.deepEqual(answer, record)
      // Those of the faults before may still be closing.
      for (let looks = 0; proxy.connections.size > most && looks < 500; looks++) await sleep(10)
      assert.ok(proxy.connections.size <= most)
      await untilItAnswers(store)
    })

    void test('FLT-22 an event loop that stood still expires nothing that was answered', async () => {
      const direct = connect(server.port)
      const directStore = direct.open()
      await directStore.setUp?.()
      await untilItAnswers(directStore)
      const [id, record] = [newId(), lasting()]
      await directStore.create(id, record)
      await directStore.read(id, 'ada')
      const reading = directStore.read(id, 'ada')
      // Clients write a request some turns after they were given it.
      for (let turns = 0; turns < 3; turns++) await nextTurn()
      const until = performance.now() + TIMEOUT_MS + 200
      while (performance.now() < until);
      assert.deepEqual(await reading, record)
      await direct.end()
    })
  })
}
