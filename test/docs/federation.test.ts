import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { runInNewContext } from 'node:vm'
import { generateKey } from '../../src/cli/keygen.ts'
import { createSessions, type Sessions } from '../../src/sessions.ts'
import { memory } from '../../src/stores/memory.ts'
import type { Endpoint } from '../../src/well-known/endpoint.ts'

const text = readFileSync(join(import.meta.dirname, '../../docs/federation.md'), 'utf8')
const issuer = 'https://app.example'
const opened: Sessions[] = []
after(async () => {
  for (const sessions of opened) await sessions.close()
})

/** Runs a program of the page. @returns what it told the app to use */
function run(program: string, given: object = {}): { used: Endpoint[]; sessions: Sessions } {
  const used: Endpoint[] = []
  let sessions: Sessions | undefined
  const make = (options: Parameters<typeof createSessions>[0]): Sessions => {
    // The file is the reader's.
    opened.push((sessions = createSessions({ ...options, keys: generateKey() })))
    return sessions
  }
  const app = { use: (endpoint: Endpoint) => used.push(endpoint) }
  const names = { createSessions: make, app, keys: undefined, store: memory(), ...given }
  runInNewContext(program, names)
  return { used, sessions: sessions as Sessions }
}

function programs(): string[] {
  return [...text.matchAll(/```js\n([^`]*)```/g)].map(([, program]) => program as string)
}

async function published({ wellKnown }: Sessions, name: string): Promise<unknown> {
  const answer = await wellKnown.fetch(new Request(`${issuer}/.well-known/${name}`))
  return answer?.json()
}

describe('docs/federation.md', () => {
  test('an app that publishes its keys, and one that publishes metadata too', async () => {
    const [first, second, ...more] = programs()
    assert.equal(more.length, 0)
    const { used, sessions } = run(first!)
    assert.deepEqual(used, [sessions.wellKnown])
    assert.equal(await published(sessions, 'openid-configuration'), undefined)
    for (const name of ['openid-configuration', 'oauth-authorization-server']) {
      const metadata = (await published(run(second!).sessions, name)) as { issuer: string }
      assert.equal(metadata.issuer, issuer)
    }
  })

  test('an app that renews the cookies of pages which call neighbours', async () => {
    const sessions = createSessions({ keys: generateKey(), issuer, store: memory() })
    opened.push(sessions)
    const [, program] = /`(app\.use\(sessions\.refresh\([^`]*)`/.exec(text) ?? []
    assert.equal(run(program!, { sessions }).used.length, 1)
    const manifest = (await published(sessions, 'session.json')) as { refresh_uri: string }
    assert.equal(manifest.refresh_uri, `${issuer}/refresh`)
  })
})
