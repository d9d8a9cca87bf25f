import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { createContext, runInContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { createKeyRing } from '../../src/token/key-ring.ts'
import type { Algorithm } from '../../src/token/key.ts'
import type * as verifying from '../../src/verify/index.ts'
import { ALGORITHMS, NOW_MS, SECRET, SPECS, contents } from '../token/fixtures.ts'
import { ISSUER, issuerOf } from './fixtures.ts'
import { json, publisher } from './publisher.ts'

const root = join(import.meta.dirname, '../..')
const BUDGET = 8 * 1024

/** What a bundler makes of a service's import, and of which files. */
async function bundle(
  program: string,
  format: 'iife' | 'esm' = 'iife',
): Promise<{ text: string; inputs: string[] }> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: program, resolveDir: root },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    platform: 'neutral',
    format,
    globalName: 'verifying',
  })
  const inputs = Object.keys(metafile.inputs).filter((file) => file !== '<stdin>')
  return { text: outputFiles[0]!.text, inputs: inputs.toSorted() }
}

const VERIFY = `export { createVerifier } from './src/verify/index.ts'`

describe('symbolon/verify in a bundle', () => {
  test('FED-01 SUP-05 weighs at most 8 KiB, and holds nothing that signs or stores', async () => {
    const { text, inputs } = await bundle(VERIFY, 'esm')
    const size = gzipSync(text, { level: 9 }).length
    console.log(`symbolon/verify: ${size} bytes gzipped, of ${inputs.length} files`)
    assert.ok(size <= BUDGET, `${size} bytes`)
    const outside = inputs.filter((file) => !/^src\/(?:verify|token)\/|^src\/\w+\.ts$/.test(file))
    assert.deepEqual(outside, [])
    for (const file of ['key', 'key-ring', 'signing', 'token', 'signed-document']) {
      assert.ok(!inputs.includes(`src/token/${file}.ts`), file)
    }
    assert.ok(!/node:|require\(|Buffer\b|process\./.test(text))
    // The one MAC that is made names secrets and users; no key of the app's can sign with it.
    assert.deepEqual(text.match(/subtle\.sign\([^,]*/g), ['subtle.sign("HMAC"'])
  })

  test('FED-01 so does what the guards add, but for Node’s in Node', async () => {
    const { text } = await bundle(`export * from './src/adapters/verify/hono.ts'`, 'esm')
    assert.ok(gzipSync(text, { level: 9 }).length <= BUDGET)
    assert.ok(!/node:|Buffer\b|process\./.test(text))
  })

  /** A realm with the globals of a worker, and none of Node's. */
  const WEB =
    'crypto fetch Response Request Headers URL AbortSignal atob btoa TextEncoder TextDecoder console'

  type Verifying = Pick<typeof verifying, 'createVerifier'>

  test('ADP-34 SUP-08 runs with nothing but Web APIs', async () => {
    const { text } = await bundle(VERIFY)
    const context = createContext(
      Object.fromEntries(
        WEB.split(' ').map((name) => [name, globalThis[name as keyof typeof globalThis]]),
      ),
    )
    const present = 'typeof process + typeof require + typeof Buffer + typeof setTimeout'
    assert.equal(runInContext(present, context), 'undefined'.repeat(4))
    const { createVerifier } = runInContext(`${text};verifying`, context) as Verifying
    const now = (): number => NOW_MS
    const sourceOf = (alg: Algorithm): object =>
      alg === 'HS256'
        ? { secret: SECRET, canAlsoIssue: true }
        : { keys: createKeyRing(SPECS[alg]).trusted.jwks() }
    for (const alg of ALGORITHMS) {
      const verify = createVerifier({ issuer: ISSUER, now, ...sourceOf(alg) })
      const token = issuerOf(alg).issue(contents())
      const cookie = `__Host-session=${token}`
      const found = await verify(new Request(ISSUER, { headers: { cookie } }))
      assert.equal(JSON.stringify(found), '{"uid":7,"r":["admin"],"sub":"7"}')
      const forged = `${token.slice(0, -4)}AAAA`
      assert.equal((await verify.check({ token: forged })).reason, 'signature')
    }
    const app = await publisher(json(createKeyRing(SPECS.ES256).trusted.jwks()))
    const remote = createVerifier({ issuer: ISSUER, now, jwksUri: app.origin })
    assert.ok(await remote({ token: issuerOf('ES256').issue(contents()) }))
  })

  const folder = mkdtempSync(join(tmpdir(), 'symbolon-bundle-'))
  after(() => rmSync(folder, { recursive: true }))

  /** The runtimes that are not Node, where they are installed; CI has none of them. */
  for (const [runtime, ...args] of [['deno', 'run'], ['bun']] as const) {
    test(`SUP-08 runs in ${runtime}`, async (context) => {
      const run = promisify(execFile)
      const found = await run(runtime, ['--version']).then(Boolean, () => false)
      if (!found) return context.skip(`${runtime} is not installed`)
      const file = join(folder, `${runtime}.mjs`)
      const keys = JSON.stringify(createKeyRing(SPECS.ES256).trusted.jwks())
      const token = issuerOf('ES256').issue(contents())
      const program = `const verify = createVerifier({ issuer: '${ISSUER}', keys: ${keys}, now: () => ${NOW_MS} })
        console.log(JSON.stringify(await verify({ token: '${token}' })))`
      const { text } = await bundle(
        `import { createVerifier } from './src/verify/index.ts';${program}`,
        'esm',
      )
      writeFileSync(file, text)
      const { stdout } = await run(runtime, [...args, file])
      assert.equal(stdout.trim(), '{"uid":7,"r":["admin"],"sub":"7"}')
    })
  }
})
