import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import express, { type Express } from 'express'
import { sessionMiddleware } from '../../src/adapters/express.ts'
import { createSessions } from '../../src/sessions.ts'
import { memory } from '../../src/stores/memory.ts'
import { login } from '../../src/testing/index.ts'
import { slow } from '../support/stores.ts'

const keys = 'kX9vQ2mZr7LwP4tY8uBn3sDf6hJc1gAe'

async function get(app: Express, path: string, cookie: string): Promise<Response> {
  const server = app.listen(0, '127.0.0.1')
  try {
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    return await fetch(`http://127.0.0.1:${port}${path}`, { headers: { cookie } })
  } finally {
    server.close()
  }
}

describe('ADP-03 apps within apps', () => {
  const whole = async (mount: (app: Express, inner: Express) => unknown): Promise<unknown> => {
    const sessions = createSessions({ keys, fields: ['id'], store: memory() })
    const { cookie } = await login(sessions, { id: 'alice' })
    const [app, inner] = [express(), express()]
    app.use(sessionMiddleware(sessions))
    inner.use(sessionMiddleware(sessions))
    inner.get('/me', (req, res) => res.json(req.auth ?? null))
    mount(app, inner)
    return (await get(app, '/me', cookie)).json()
  }
  test('mounted', async () => {
    assert.deepEqual(await whole((app, inner) => app.use(inner)), { sub: 'alice', id: 'alice' })
  })
  test('called as a handler, as virtual hosts are', async () => {
    const called = await whole((app, inner) => app.use((req, res, next) => inner(req, res, next)))
    assert.deepEqual(called, { sub: 'alice', id: 'alice' })
  })
})

test('R14 a status set after the answer was made is too late, as in Node', async () => {
  const sessions = createSessions({ keys, fields: ['id'], store: slow(memory()) })
  const { cookie } = await login(sessions, { id: 'alice' })
  const app = express().use(sessionMiddleware(sessions))
  app.get('/', (req, res) => {
    req.session['n'] = 1
    res.end('made')
    res.statusCode = 500
  })
  const answer = await get(app, '/', cookie)
  assert.deepEqual([answer.status, await answer.text()], [200, 'made'])
})
