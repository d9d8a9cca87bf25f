import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

const MIB = 2 ** 20

/** What is left of so many sessions that a process read, all within maxStale. */
function remembered(
  sessions: number,
  dataBytes: number,
): { kept: number; newest: boolean; bytes: number } {
  const script = `
    import { resolveOptions } from './src/session/options.ts'
    import { RecentRecords } from './src/session/recent.ts'
    import { memory } from './src/stores/memory.ts'

    const SESSIONS = ${sessions}
    const idOf = (n) => 'a session with an id of 32 chars'.slice(0, -7) + String(n).padStart(7, '0')
    const data = '{"a":"' + 'x'.repeat(${dataBytes} - 8) + '"}'
    const readOf = (id) => ({
      version: id + 'as long as UUIDs',
      userId: id,
      claims: '{"uid":"' + id + '"}',
      // A text of its own, as a store's answers have.
      data: Buffer.from(data).toString('latin1'),
      created: 1e12,
      expires: 1e15 + Math.random(),
    })
    const settings = resolveOptions({ maxStale: '10s', now: () => 1e12 }, [])
    const store = { ...memory(), read: readOf, handle: (id) => 'a handle of ' + id }
    const verbs = new RecentRecords(settings, store).guard(store)
    gc()
    const before = process.memoryUsage().heapUsed
    for (let n = 0; n < SESSIONS; n++) verbs.read(idOf(n))
    gc()
    const bytes = process.memoryUsage().heapUsed - before
    let kept = 0
    for (let n = 0; n < SESSIONS; n++) if (verbs.recall(idOf(n)) !== undefined) kept++
    const newest = verbs.recall(idOf(SESSIONS - 1)) !== undefined
    console.log(JSON.stringify({ kept, newest, bytes }))
  `
  const flags = ['--expose-gc', '--disable-warning=ExperimentalWarning', '--input-type=module']
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, '-e', script], {
    cwd: new URL('../..', import.meta.url),
    encoding: 'utf8',
    env: { ...process.env, NODE_ENV: 'test' },
  })
  assert.equal(stderr, '')
  return JSON.parse(stdout) as ReturnType<typeof remembered>
}

for (const [sessions, dataBytes] of [
  [1_000_000, 64],
  [50_000, 4096],
] as const) {
  test(`CCH-07 ${sessions} sessions of ${dataBytes} bytes: few are kept, the newest among them`, () => {
    const { kept, newest, bytes } = remembered(sessions, dataBytes)
    assert.ok(kept > 1000 && kept <= 65_536, `${kept} are kept`)
    assert.ok(bytes < 64 * MIB, `${bytes} bytes`)
    assert.ok(bytes / kept - dataBytes < 2048, `${bytes / kept} bytes for each`)
    assert.equal(newest, true)
  })
}
