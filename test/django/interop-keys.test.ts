// Tokens of Node in Django and the reverse, by every kind of key that both know.
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, after, describe, test } from 'node:test'
import { SITE_SECRET_KEY, django, startDjango } from '../support/django.ts'
import { Browser, SITE_OPTIONS, siteDatabase, startNode } from './node-side.ts'

const OLD_SECRET_KEY = 'what the secret key of the site was until its last rotation'
const { KEY: _, ...TOKENS } = SITE_OPTIONS.jwt!
const folder = mkdtempSync(join(tmpdir(), 'symbolon-keys-'))
after(() => rmSync(folder, { recursive: true }))

const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})
const file = (name: string, text: string): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}
const keys = {
  SECRET_KEY: undefined,
  'a secret in a file, with its final newline': file('secret.txt', `${SITE_SECRET_KEY}\n`),
  'a pair of PEMs': [privateKey, publicKey] as const,
  'a pair of files': [file('private.pem', privateKey), file('public.pem', publicKey)] as const,
}

describe('R41 keys', django.needed(), () => {
  for (const middleware of ['stock', 'shipped'] as const) {
    describe(`${middleware} middleware`, () => {
      async function start(t: TestContext, token: object, settings: object, node: object = {}) {
        const DJANGO_SESSION_JWT = { ...TOKENS, ...token }
        const site = await startDjango({
          middleware,
          settings: { DJANGO_SESSION_JWT, ...settings },
        })
        t.after(() => site.stop())
        const database = siteDatabase(site)
        const jwt = { ...TOKENS, ...token }
        const service = await startNode({ ...SITE_OPTIONS, database, jwt, ...node })
        t.after(() => service.stop())
        return { site, service, browser: new Browser(site, service) }
      }

      for (const [name, key] of Object.entries(keys)) {
        test(`signed with ${name}`, async (t) => {
          const { browser } = await start(t, key === undefined ? {} : { KEY: key }, {})
          await browser.django('/login?username=alice&password=first-half')
          assert.equal((await browser.json('node', '/whoami')).user, 'alice')
          await browser.node('/set?cart="lamp"')
          await browser.node('/login?id=2&n=bob&e=bob@site.example')
          const { user } = await browser.json('django', '/whoami')
          assert.equal(user, 'bob')
        })
      }

      test('DJG-02 a new SECRET_KEY, with the old one as a fallback', async (t) => {
        const { site, service, browser } = await start(
          t,
          {},
          { SECRET_KEY: OLD_SECRET_KEY },
          { fallbacks: [OLD_SECRET_KEY] },
        )
        await browser.django('/login?username=alice&password=first-half')
        assert.equal((await browser.json('node', '/whoami')).user, 'alice')
        await browser.node('/set?cart="lamp"') // signed anew, as Django does
        const rotated = await startDjango({
          middleware,
          database: { engine: 'sqlite', name: join(site.folder, 'site.db') },
          settings: { DJANGO_SESSION_JWT: TOKENS, SECRET_KEY_FALLBACKS: [OLD_SECRET_KEY] },
        })
        t.after(() => rotated.stop())
        const moved = new Browser(rotated, service, browser.cookie)
        const { user, data } = await moved.json('django', '/whoami')
        assert.deepEqual([user, data.cart], ['alice', 'lamp'])
      })
    })
  }
})
