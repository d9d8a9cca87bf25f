import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { decodeJwt } from 'jose'
import { gateway, type GatewayName } from '../../support/gateways.ts'
import type { RunningServer } from '../../support/servers.ts'
import { cookie, expectedOf, GATEWAYS, seenOf } from './case.ts'
import { ALL } from './cases.ts'
import { ask, HEADERS, type Site, startSite } from './site.ts'

/** None of them may lead past the gateway's checks. */
const WAYS_ROUND = [
  '//api/x',
  '/./api/x',
  '/a/../api/x',
  '/%61pi/x',
  '/API/x',
  '/api%2fx',
  '/a/..%2fapi/x',
  '/api;x/y',
  '/api/../api/x',
  '/api',
  '/_session',
]

for (const name of Object.keys(GATEWAYS) as GatewayName[]) {
  describe(
    `R34 R35 FED-02 FED-12 ${name}, as configured by the command`,
    gateway(name, '', []).needed(),
    () => {
      let site: Site
      let server: RunningServer
      before(async () => {
        site = await startSite()
        server = await gateway(name, site.authority, site.args).start()
      })
      after(async () => {
        await server?.stop()
        await site?.close()
      })

      test('the service learns who the user is, and gets no cookie and no session id', async () => {
        const value = await site.logIn()
        const { arrived } = await ask(server.port, {
          headers: { cookie: `theme=dark; ${cookie(value).headers!['cookie'] as string}` },
        })
        assert.deepEqual([arrived?.at, arrived?.path], ['service', '/api/x'])
        const headers = new Map(arrived!.headers)
        const told = Object.keys(HEADERS).map((header) =>
          decodeURIComponent(headers.get(header) ?? ''),
        )
        assert.deepEqual(told, ['alice', 'Zoë 100%', ''])
        const { sk, n } = decodeJwt(value)
        assert.ok(!JSON.stringify(arrived).includes(value.split('.')[2]!))
        const claims = headers.get('x-session-claims')
        if (name === 'apache') return assert.equal(claims, undefined)
        const text = Buffer.from(claims!, 'base64url').toString()
        assert.ok(!text.includes(sk as string))
        assert.deepEqual([JSON.parse(text).sub, JSON.parse(text).n], ['alice', n])
      })

      if (GATEWAYS[name] === 'asks') {
        test('R13 the app is told the method, whatever the client says of it', async () => {
          const { headers } = cookie(await site.logIn())
          await ask(server.port, {
            method: 'POST',
            headers: { ...headers, 'x-forwarded-method': 'GET', 'x-original-method': 'GET' },
          })
          assert.equal(site.questions.at(-1)?.['x-forwarded-method'], 'POST')
        })
      }

      test('no way of writing the path leads round the checks', async () => {
        for (const path of WAYS_ROUND) {
          const { arrived, status } = await ask(server.port, { path })
          assert.notEqual(arrived?.at, 'service', `${path}: ${status}`)
        }
      })

      for (const it of ALL) {
        test(it.name, async () => {
          assert.equal(await seenOf(it, site, server.port), expectedOf(it, name))
        })
      }
    },
  )
}
