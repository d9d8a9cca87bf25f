import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ENDED, type Store } from '../../src/session/record.ts'
import { sqliteOfNode } from '../../src/stores/sqlite/connection.ts'
import { sqlite } from '../../src/stores/sqlite.ts'
import { seededRandom } from '../../src/testing/random.ts'
import { temporaryFile } from '../support/store-files.ts'

const CYCLES = 200
const LANES = 2
const CRASHER = fileURLToPath(new URL('../support/store-crasher.ts', import.meta.url))
const random = seededRandom(1)

test(`CRS-01 what was acknowledged before kill -9 is there, ${CYCLES} times`, async (context) => {
  const lanes = Array.from({ length: LANES }, async () => {
    const file = temporaryFile(context)
    let writes = 0
    for (let cycle = 0; cycle < CYCLES / LANES; cycle++) writes += await checkCrash(file)
    return writes
  })
  const writes = await Promise.all(lanes)
  assert.ok(writes[0]! + writes[1]! >= CYCLES)
})

/** How many sessions had been acknowledged. */
async function checkCrash(file: string): Promise<number> {
  const acknowledged = await crash(file, 1 + random(60))
  const store = sqlite({ file })
  for (const [id, stage] of acknowledged) {
    // One more write may have been carried out whose acknowledgement the crash prevented.
    const stored = await stageOf(store, id)
    assert.ok(stored === stage || stored === stage + 1, `stage ${stage} became ${stored}`)
  }
  await store.close()
  assert.equal(integrityOf(file), 'ok')
  return acknowledged.size
}

/** The last acknowledged stage of each session, from a process killed after so many writes. */
async function crash(file: string, most: number): Promise<Map<string, number>> {
  const acknowledged = new Map<string, number>()
  const child = fork(CRASHER, [file])
  let count = 0
  child.on('message', ([id, stage]: [string, number]) => {
    acknowledged.set(id, stage)
    if (++count === most) child.kill('SIGKILL')
  })
  await Promise.all([once(child, 'exit'), once(child, 'disconnect')])
  assert.equal(child.signalCode, 'SIGKILL')
  return acknowledged
}

/** 1 created, 2 updated, 3 ended. */
async function stageOf(store: Store, id: string): Promise<number> {
  const read = await store.read(id)
  if (read === ENDED) return 3
  return read === undefined ? 0 : JSON.parse(read.data).stage
}

function integrityOf(file: string): unknown {
  const Database = sqliteOfNode()
  const database = new Database(file)
  const answer = database.prepare('PRAGMA integrity_check').get()
  database.close()
  return answer?.['integrity_check']
}
