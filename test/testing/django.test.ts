import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { django } from '../../src/django/index.ts'
import { createSessions, type Sessions } from '../../src/sessions.ts'
import { login } from '../../src/testing/index.ts'
import { SITE_OPTIONS, siteDatabase } from '../django/node-side.ts'
import { Visitor } from '../django/visitor.ts'
import { type DjangoSite, django as djangoHere, startDjango } from '../support/django.ts'

describe('login() to the sessions of a Django site', djangoHere.needed(), () => {
  let site: DjangoSite
  let sessions: Sessions
  before(async () => {
    site = await startDjango({ middleware: 'shipped' })
    const options = { ...SITE_OPTIONS, SESSION_COOKIE_AGE: 3600, database: siteDatabase(site) }
    sessions = createSessions(django(options))
  })
  after(async () => {
    await sessions?.close()
    await site?.stop()
  })

  test("Django knows the user, and each sees the other's data", async () => {
    const { value, session } = await login(sessions, { id: 1 }, { data: { cart: ['apple'] } })
    const visitor = new Visitor(site, value)
    assert.equal(await visitor.user(), 'alice')
    assert.deepEqual((await visitor.json('/whoami')).data['cart'], ['apple'])
    await visitor.ask('/set?cart=["pear"]')
    assert.deepEqual((await session.read())?.['cart'], ['pear'])
    await session.update((data) => data['cart'].push('fig'))
    assert.deepEqual((await visitor.json('/whoami')).data['cart'], ['pear', 'fig'])
  })

  test('a logout here is one there, and the reverse', async () => {
    const [one, other] = [await login(sessions, { id: 1 }), await login(sessions, { id: 2 })]
    await one.logout()
    assert.equal(await new Visitor(site, one.value).user(), null)
    const bob = new Visitor(site, other.value)
    assert.equal(await bob.user(), 'bob')
    await bob.ask('/logout')
    assert.equal(await other.session.read(), undefined)
  })

  test("the cookie is Django's", async () => {
    const { name, storageState } = await login(sessions, { id: 1 })
    const [cookie] = storageState('http://localhost:8000').cookies
    assert.equal(name, 'sessionid')
    const { domain, httpOnly, secure, sameSite, expires } = cookie!
    assert.deepEqual([domain, httpOnly, secure, sameSite], ['localhost', true, false, 'Lax'])
    assert.ok(Math.abs(expires - Date.now() / 1000 - 3600) < 30)
  })
})
