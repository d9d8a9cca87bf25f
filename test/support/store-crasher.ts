// Writes sessions without end, and tells each write that was acknowledged, until it is killed.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { sqlite } from '../../src/stores/sqlite.ts'
import { Clock, newId, recordAt } from '../../src/testing/store-bench.ts'

const store = sqlite({ file: process.argv[2]! })
const clock = new Clock()
for (;;) {
  const id = newId()
  const first = recordAt(clock, { data: '{"stage":1}' })
  await store.create(id, first)
  process.send?.([id, 1])
  await nextTurn()
  const second = recordAt(clock, { data: '{"stage":2}' })
  await store.update(id, second, first.version)
  process.send?.([id, 2])
  await nextTurn()
  await store.end(id)
  process.send?.([id, 3])
  await nextTurn()
}
