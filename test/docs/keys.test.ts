import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { runInNewContext } from 'node:vm'
import { decodeProtectedHeader } from 'jose'
import { generateKey } from '../../src/cli/keygen.ts'
import { firstKeys } from '../../src/cli/rotation.ts'
import { createSessions, type Sessions } from '../../src/sessions.ts'
import { memory } from '../../src/stores/memory.ts'
import { login } from '../../src/testing/index.ts'

const root = join(import.meta.dirname, '../..')
const text = readFileSync(join(root, 'docs/keys.md'), 'utf8')
const folder = mkdtempSync(join(tmpdir(), 'symbolon-docs-'))
const opened: Sessions[] = []
after(async () => {
  for (const sessions of opened) await sessions.close()
  rmSync(folder, { recursive: true })
})

/** The programs of one language under a heading. */
function programs(heading: string, language: string): string[] {
  const section = text.split(/^## /m).find((it) => it.startsWith(heading)) ?? ''
  const found = [...section.matchAll(new RegExp(`\`\`\`${language}\n([^\`]*)\`\`\``, 'g'))]
  assert.ok(found.length > 0, `no ${language} under ${heading}`)
  return found.map(([, program]) => program as string)
}

/** The sessions that a program makes. */
async function run(program: string, given: object = {}): Promise<Sessions> {
  const [, name] = /^const (\w+) =/.exec(program) ?? []
  const code = program.replaceAll(/'(session\.\w+\.json)'/g, (_, file: string) =>
    JSON.stringify(join(folder, file)),
  )
  const names = { createSessions, store: memory(), ...given }
  const sessions = (await runInNewContext(
    `(async () => {${code}\nreturn ${name}})()`,
    names,
  )) as Sessions
  opened.push(sessions)
  return sessions
}

function shell(program: string, kid = ''): string {
  const script = program.replaceAll(
    'npx symbolon',
    `"${process.execPath}" "${join(root, 'src/cli/main.ts')}"`,
  )
  return execFileSync('sh', ['-ec', script], { cwd: folder, encoding: 'utf8', env: { KID: kid } })
}

async function kidOf(sessions: Sessions): Promise<string> {
  const { value, cookie } = await login(sessions, { id: 'alice' })
  assert.equal(await userOf(sessions, cookie), 'alice')
  return decodeProtectedHeader(value).kid as string
}

async function userOf(sessions: Sessions, cookie: string): Promise<unknown> {
  return (await sessions.open({ cookie, method: 'GET', navigation: false })).auth?.['sub']
}

describe('docs/keys.md', () => {
  test('a ring: made, rotated, listed, used; burned; exported', async () => {
    const listed = shell(programs('A ring', 'sh').join('\n'))
    assert.match(listed, /signs from/)
    const sessions = await run(programs('A ring', 'js')[0]!)
    const kid = await kidOf(sessions)
    shell(programs('Readers', 'sh')[0]!, kid)
    assert.ok(createPublicKey(readFileSync(join(folder, `${kid}.pem`))))
    assert.equal(JSON.parse(readFileSync(join(folder, 'jwks.json'), 'utf8')).keys.length, 3)
    assert.match(
      shell(programs('A key that leaked', 'sh')[0]!, kid),
      new RegExp(`${kid} .* burned`),
    )
    assert.notEqual(await kidOf(await run(programs('A ring', 'js')[0]!)), kid)
  })

  test('a secret manager', async () => {
    const life = { grace: 36e5, tokenLife: 9e5, life: 864e5 }
    const keys = firstKeys(generateKey(), { now: Date.now(), make: generateKey, ...life })
    const SecretString = JSON.stringify({ keys })
    const secrets = { getSecretValue: async () => ({ SecretString }) }
    assert.ok(await kidOf(await run(programs('From a secret manager', 'js')[0]!, { secrets })))
  })

  test('a KMS', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const kms = {
      sign: async ({
        Message,
        SigningAlgorithm,
      }: {
        Message: Uint8Array
        SigningAlgorithm: string
      }) => {
        assert.equal(SigningAlgorithm, 'ECDSA_SHA_256')
        return { Signature: new Uint8Array(sign('sha256', Message, privateKey)) }
      },
    }
    const publicKeyOf = async (): Promise<KeyObject | string> =>
      publicKey.export({ type: 'spki', format: 'pem' }).toString()
    assert.ok(
      await kidOf(await run(programs('In a KMS', 'js')[0]!, { kms, publicKeyOf, KeyId: 'x' })),
    )
  })

  test('two releases with a plain list, side by side', async () => {
    const [oldKey, newKey] = [generateKey(), generateKey()]
    const store = memory()
    const [first, second] = await Promise.all(
      programs('A plain list', 'js').map((it) => run(it, { oldKey, newKey, store })),
    )
    assert.deepEqual([await kidOf(first!), await kidOf(second!)], [oldKey.kid, newKey.kid])
    for (const sessions of [first!, second!]) {
      const { cookie } = await login(sessions, { id: 'bob' })
      assert.deepEqual(
        [await userOf(first!, cookie), await userOf(second!, cookie)],
        ['bob', 'bob'],
      )
    }
  })

  test('others who issue', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const store = memory()
    const given = { keys: generateKey(), theirPublicKey: publicKey, store }
    const sessions = await run(programs('Others who issue', 'js')[0]!, given)
    const theirs = createSessions({ keys: privateKey, store })
    const { cookie } = await login(theirs, { id: 'carol' })
    assert.equal(await userOf(sessions, cookie), 'carol')
  })

  test('tokens for the tests of a reader', () => {
    const [, command] = /`(npx symbolon token [^`]*)`/.exec(text) ?? []
    shell(command!)
    assert.deepEqual(readdirSync(join(folder, 'fixtures')).length, 4)
  })
})
