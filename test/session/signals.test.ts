import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { Signals } from '../../src/session/signals.ts'
import { createSessions } from '../../src/sessions.ts'
import { memory } from '../../src/stores/memory.ts'
import { Browser } from '../support/browser.ts'

const keys = 'kX9vQ2mZr7LwP4tY8uBn3sDf6hJc1gAe'

test('a signal aborts when another request logs out, though only a listener holds it', async () => {
  const script = `
    import { createSessions } from './src/sessions.ts'
    import { memory } from './src/stores/memory.ts'
    import { login } from './src/testing/index.ts'
    const sessions = createSessions({ keys: '${keys}', store: memory() })
    const { cookie } = await login(sessions, { id: 1 })
    const open = () => sessions.open({ cookie, method: 'GET', navigation: false })
    await (async () => {
      const visit = await open()
      visit.session.signal.addEventListener('abort', () => console.log('aborted'))
    })()
    await new Promise((resolve) => setTimeout(resolve, 20))
    gc()
    await (await open()).session.logout()
  `
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--expose-gc', '--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script],
    {
      cwd: new URL('../..', import.meta.url),
      encoding: 'utf8',
      env: { ...process.env, NODE_ENV: 'test' },
    },
  )
  assert.deepEqual([stdout, stderr], ['aborted\n', ''])
})

test('a request that is over is forgotten, and one signal serves one request', async () => {
  const sessions = createSessions({ keys, fields: ['id'], store: memory() })
  const browser = new Browser(sessions)
  await browser.request((visit) => visit.session.login({ id: 'alice' }))
  const visit = await sessions.open({ cookie: browser.cookie, method: 'GET', navigation: false })
  const response = new EventEmitter()
  visit.response = response
  const { signal } = visit.session
  assert.equal(visit.session.signal, signal)
  response.emit('close')
  await browser.request((other) => other.session.logout())
  assert.equal(signal.aborted, false)
})

test('at its end a session is asked for again: used by others it lives on, gone it aborts', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  let time = 0
  let expires: number | undefined = 20_000
  let asked = 0
  const signals = new Signals(
    async () => {
      asked++
      return expires
    },
    () => time,
  )
  const controller = signals.open('id', 10_000)
  signals.open('id', 10_000)
  const later = async (ms: number): Promise<void> => {
    time += ms
    context.mock.timers.tick(ms)
    for (let turn = 0; turn < 5; turn++) await Promise.resolve()
  }
  await later(10_000)
  assert.deepEqual([asked, controller.signal.aborted], [1, false])
  expires = undefined
  await later(10_000)
  assert.deepEqual([asked, controller.signal.aborted], [2, true])
})

test('a store whose clock is behind ours is not asked without end', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  let asked = 0
  const signals = new Signals(
    async () => {
      asked++
      return 5
    },
    () => 10_000,
  )
  signals.open('id', 5)
  for (let ms = 0; ms < 3000; ms += 100) {
    context.mock.timers.tick(100)
    for (let turn = 0; turn < 5; turn++) await Promise.resolve()
  }
  assert.equal(asked, 3)
})
