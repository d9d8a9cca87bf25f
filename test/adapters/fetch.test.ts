import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { withSession } from '../../src/adapters/fetch.ts'
import { SessionError } from '../../src/errors.ts'
import { memory } from '../../src/stores/memory.ts'
import { createSessions } from '../../src/sessions.ts'
import { probe } from '../../src/testing/store-probe.ts'

const store = probe(memory(), 'later')
const sessions = createSessions({ keys: 'fetch test: Vx3kQ9pLz7TnR2wYb6Mc', store })
const request = new Request('http://app.example/')

test('what a server passes besides is handed on', async () => {
  const handle = withSession(
    sessions,
    (_request, _context, env: { name: string }, more: number) => {
      return new Response(`${env.name} ${more}`)
    },
  )
  assert.equal(await (await handle(request, { name: 'env' }, 2)).text(), 'env 2')
})

test('CKO-23 who does not read the session gets his own response back', async () => {
  const given = new Response('plain')
  assert.equal(await withSession(sessions, () => given)(request), given)
})

test('R12 reading either makes the answer depend on the cookie', async () => {
  const bySession = await withSession(
    sessions,
    (_, { session }) => new Response(session.id),
  )(request)
  assert.equal(bySession.headers.get('vary'), 'Cookie')
  const byAuth = await withSession(sessions, (_, { auth }) => new Response(auth?.sub))(request)
  assert.equal(byAuth.headers.get('vary'), 'Cookie')
  assert.equal(byAuth.headers.get('cache-control'), 'private')
})

describe('the response is copied, never changed', () => {
  test('an immutable one', async () => {
    const handle = withSession(sessions, (_, { session }) => {
      session['a'] = 1
      return Response.redirect('http://app.example/next', 303)
    })
    const response = await handle(request)
    assert.equal(response.status, 303)
    assert.equal(response.headers.get('location'), 'http://app.example/next')
    assert.equal(response.headers.getSetCookie().length, 1)
  })

  test('ADP-21 one that answers several requests keeps no cookie of anybody', async () => {
    const shared = new Response(null, { status: 204, statusText: 'Done', headers: { 'x-a': '1' } })
    const handle = withSession(sessions, (_, { session }) => {
      session['a'] = 1
      return shared
    })
    const [one, other] = [await handle(request), await handle(request)]
    assert.deepEqual(shared.headers.getSetCookie(), [])
    assert.notDeepEqual(one.headers.getSetCookie(), other.headers.getSetCookie())
    assert.deepEqual([one.status, one.statusText, one.headers.get('x-a')], [204, 'Done', '1'])
  })

  test('CKO-09 its cookies are appended, never collapsed', async () => {
    const handle = withSession(sessions, (_, { session }) => {
      session['a'] = 1
      const headers = new Headers()
      headers.append('Set-Cookie', 'a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT')
      headers.append('Set-Cookie', 'b=2')
      return new Response('x', { headers })
    })
    const cookies = (await handle(request)).headers.getSetCookie()
    assert.deepEqual(cookies.slice(0, 2), ['a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT', 'b=2'])
    assert.equal(cookies.length, 3)
  })

  test('RAC-13 a streamed body is handed on as it comes', async () => {
    const gate = Promise.withResolvers<void>()
    const handle = withSession(sessions, (_, { session }) => {
      session['a'] = 1
      const chunks = async function* (): AsyncGenerator<Uint8Array> {
        yield new TextEncoder().encode('one')
        await gate.promise
        yield new TextEncoder().encode('two')
      }
      return new Response(ReadableStream.from(chunks()))
    })
    const response = await handle(request)
    assert.equal(response.headers.getSetCookie().length, 1)
    gate.resolve()
    assert.equal(await response.text(), 'onetwo')
  })
})

describe('ADP-07 what has no head of its own is handed on untouched', () => {
  const upgrade = Object.assign(new Response(null), { webSocket: {} })
  const switching = new Proxy(new Response(null), {
    get: (target, name) => (name === 'status' ? 101 : Reflect.get(target, name, target)),
  })
  for (const [name, given] of Object.entries({ upgrade, switching, error: Response.error() })) {
    test(name, async () => {
      store.calls.length = 0
      const handle = withSession(sessions, (_, { session }) => {
        session['a'] = 1
        return given
      })
      assert.equal(await handle(request), given)
      assert.deepEqual(store.calls, [])
    })
  }
})

describe('ADP-06 a handler that throws', () => {
  test('stores nothing, and its error goes on', async () => {
    store.calls.length = 0
    const error = new Error('mine')
    const handle = withSession(sessions, (_, { session }) => {
      session['a'] = 1
      throw error
    })
    await assert.rejects(handle(request), error)
    assert.deepEqual(store.calls, [])
  })

  test('a SessionError is answered as one of the commit', async () => {
    const handle = withSession(sessions, () => {
      throw new SessionError('session_ended', 'The session ended')
    })
    const response = await handle(request)
    assert.equal(response.status, 409)
    assert.equal(response.headers.get('cache-control'), 'no-store')
    assert.equal(await response.text(), 'Conflict: The session ended')
  })

  test('in production the answer says nothing of the failure', async (context) => {
    const { NODE_ENV } = process.env
    context.after(() => (process.env['NODE_ENV'] = NODE_ENV))
    process.env['NODE_ENV'] = 'production'
    const handle = withSession(sessions, () => {
      throw new SessionError('invalid_data', 'The session holds a secret')
    })
    assert.equal(await (await handle(request)).text(), 'Internal Server Error')
  })
})
