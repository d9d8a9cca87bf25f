import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync, statSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type Demo, Visitor, dataFolder, startDemo } from './demo.ts'

const ADA = { name: 'ada', password: 'first-half' }

describe('the demo', () => {
  let data: ReturnType<typeof dataFolder>
  let demo: Demo

  before(async () => {
    data = dataFolder()
    demo = await startDemo({ DEMO_DATA: data.path })
  })
  after(async () => {
    await demo.stop()
    data[Symbol.dispose]()
  })

  async function loggedIn(): Promise<Visitor> {
    const visitor = new Visitor(demo.app)
    await visitor.post('/login', ADA)
    return visitor
  }

  test('prints both addresses and who may log in', () => {
    assert.notEqual(demo.app, demo.service)
    assert.match(demo.output, /ada +first-half/)
  })

  test('keeps its key and sessions from others', () => {
    assert.ok(readdirSync(data.path).includes('demo.key.json'))
    for (const file of readdirSync(data.path)) {
      assert.equal(statSync(join(data.path, file)).mode & 0o077, 0, file)
    }
  })

  test('sets no cookie on who only looks', async () => {
    const response = await new Visitor(demo.app).get('/')
    assert.match(await response.text(), /Log in/)
    assert.deepEqual(response.headers.getSetCookie(), [])
  })

  test('refuses a wrong password, a wrong name and no form at all', async () => {
    for (const form of [{ ...ADA, password: 'other-half' }, { ...ADA, name: 'nobody' }, {}]) {
      const visitor = new Visitor(demo.app)
      const response = await visitor.post('/login', form)
      assert.match(response.headers.get('location') ?? '', /^\/\?refused=/)
      assert.equal(visitor.cookie, '')
    }
  })

  test('a refused login keeps the name, as text', async () => {
    const visitor = new Visitor(demo.app)
    const response = await visitor.post('/login', { name: '"><b>&', password: 'wrong' })
    const page = await (await visitor.get(response.headers.get('location') ?? '')).text()
    assert.match(page, /do not belong together/)
    assert.ok(page.includes('value="&#34;&#62;&#60;b&#62;&#38;"'))
  })

  test('the service says that no cookie came', async () => {
    const response = await fetch(`${demo.service}/whoami`)
    assert.deepEqual(await response.json(), { because: 'no cookie' })
  })

  test('R30 a login is known to the app and to the service, which has the public key alone', async () => {
    const visitor = await loggedIn()
    const app = await visitor.get('/whoami')
    const service = await visitor.get(`${demo.service}/whoami`)
    assert.deepEqual([app.status, service.status], [200, 200])
    assert.equal((await app.json()).userId, 1)
    const { userId, name, roles } = await service.json()
    assert.deepEqual(
      { userId, name, roles },
      { userId: 1, name: 'Ada', roles: ['author', 'admin'] },
    )
  })

  test('the page shows both halves and the service’s answer without a script', async () => {
    const page = await (await loggedIn()).page()
    for (const shown of ['In the cookie', 'Only on the server', 'Accepted', '4096']) {
      assert.ok(page.includes(shown), shown)
    }
  })

  test('R44 the page never holds the session’s key or its token', async () => {
    const visitor = await loggedIn()
    const [, payload = '', signature = ''] = visitor.cookie.split('.')
    const { sk } = JSON.parse(Buffer.from(payload, 'base64url').toString())
    const page = await visitor.page()
    for (const secret of [sk, payload, signature]) assert.ok(!page.includes(secret))
  })

  test('R18 notes are added and removed; two at once are both kept', async () => {
    const visitor = await loggedIn()
    await Promise.all([
      visitor.post('/notes', { note: 'clay' }),
      visitor.post('/notes', { note: 'wax' }),
    ])
    const both = await visitor.page()
    assert.match(both, /<span>clay<\/span>/)
    assert.match(both, /<span>wax<\/span>/)
    assert.match(both, /Changed 2 times/)
    const path = /action="(\/notes\/\w+\/remove)"/.exec(both)?.[1] ?? ''
    await visitor.post(path)
    assert.equal((await visitor.page()).match(/<span>(clay|wax)<\/span>/g)?.length, 1)
  })

  test('what a user writes is shown and never run', async () => {
    const visitor = await loggedIn()
    await visitor.post('/notes', { note: `<script>alert("1")</script>'` })
    const page = await visitor.page()
    assert.ok(page.includes('&#60;script&#62;alert(&#34;1&#34;)&#60;/script&#62;&#39;'))
    assert.ok(!page.includes('<script>'))
  })

  test('refuses forms of other sites and of other ports', async () => {
    const visitor = await loggedIn()
    const foreign = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: demo.service },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ]
    for (const headers of foreign) {
      assert.equal((await visitor.post('/logout', {}, headers)).status, 403)
    }
    assert.equal((await visitor.get('/whoami')).status, 200)
  })

  test('the page may load its own files and ask the service, and nothing else', async () => {
    const { headers } = await new Visitor(demo.app).get('/')
    const policy = headers.get('content-security-policy') ?? ''
    assert.match(policy, /default-src 'none'/)
    assert.ok(policy.includes(`connect-src 'self' ${demo.service};`))
    assert.doesNotMatch(policy, /unsafe/)
  })

  test('the service lets the app’s page read its answers, and no other page', async () => {
    const { headers } = await fetch(`${demo.service}/whoami`, {
      headers: { origin: 'https://evil.example' },
    })
    assert.equal(headers.get('access-control-allow-origin'), demo.app)
    assert.equal(headers.get('access-control-allow-credentials'), 'true')
  })

  test('the service refuses no cookie, a changed one and one of nobody', async () => {
    const visitor = await loggedIn()
    const { cookie } = visitor
    await visitor.post('/logout')
    const changed = cookie.replace(/\.(.)/, (_, first) => `.${first === 'e' ? 'f' : 'e'}`)
    for (const refused of ['', changed, visitor.cookie]) {
      const response = await fetch(`${demo.service}/whoami`, { headers: { cookie: refused } })
      assert.equal(response.status, 401)
    }
  })
})

test('R17 after a logout the app refuses the old cookie at once, the service from its bound on', async () => {
  using data = dataFolder()
  const demo = await startDemo({ DEMO_DATA: data.path, DEMO_TOKEN_LIFE: '4' })
  try {
    const visitor = new Visitor(demo.app)
    const thief = new Visitor(demo.app)
    await visitor.post('/login', ADA)
    thief.cookie = visitor.cookie
    await visitor.post('/logout')

    assert.equal((await thief.get('/whoami')).status, 401)
    assert.equal((await thief.get(`${demo.service}/whoami`)).status, 200)
    assert.deepEqual(verdicts(await visitor.page()), ['Refused', 'Accepted'])

    const [, payload = ''] = thief.cookie.split('.')
    const { exp } = JSON.parse(Buffer.from(payload, 'base64url').toString())
    while (Date.now() < exp * 1000) await setTimeout(50)

    assert.equal((await thief.get(`${demo.service}/whoami`)).status, 401)
    assert.deepEqual(verdicts(await visitor.page()), ['Refused', 'Refused'])
  } finally {
    await demo.stop()
  }
})

test('takes the next port and says so if one is taken, and keeps sessions over a restart', async () => {
  using data = dataFolder()
  const squatter = createServer().listen(0, 'localhost')
  await once(squatter, 'listening')
  const { port } = squatter.address() as AddressInfo
  const first = await startDemo({ DEMO_DATA: data.path, PORT: String(port) })
  const visitor = new Visitor(first.app)
  try {
    const used = Number(new URL(first.app).port)
    assert.ok(used > port)
    assert.ok(first.output.includes(`PORT: ${port} is taken, using ${used} instead.`))
    await visitor.post('/login', ADA)
  } finally {
    squatter.close()
    assert.equal(await first.stop(), 0)
  }
  await assert.rejects(fetch(first.service), 'the service ends along with the app')

  const again = await startDemo({ DEMO_DATA: data.path, PORT: new URL(first.app).port })
  try {
    assert.equal(again.app, first.app)
    assert.equal((await visitor.get('/whoami')).status, 200)
  } finally {
    await again.stop()
  }
})

/** What the app and the service say of the old cookie, as the page shows it. */
function verdicts(page: string): (string | undefined)[] {
  return [...page.matchAll(/class="verdict"><b>(\w+)</g)].map(([, verdict]) => verdict)
}
