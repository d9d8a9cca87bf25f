import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { createLocalJWKSet, decodeJwt, importJWK, importSPKI, jwtVerify } from 'jose'
import { tokenCommand } from '../../src/cli/token.ts'

const folder = mkdtempSync(join(tmpdir(), 'symbolon-token-'))
after(() => rmSync(folder, { recursive: true }))

/** The token that is printed. */
function symbolon(...args: string[]): string {
  return tokenCommand.run(args.map((word) => word.replace('DIR', folder))).trim()
}

const read = (...path: string[]): string => readFileSync(join(folder, ...path), 'utf8')

describe('symbolon token makes what the tests of a service in any language need', () => {
  for (const alg of ['ES256', 'RS256', 'EdDSA']) {
    test(`${alg}: a token, the key set, the public key as PEM, and the private one`, async () => {
      const out = symbolon(
        `--alg=${alg}`,
        `--out=DIR/${alg}`,
        '--claims={"uid":1,"roles":["admin"]}',
        '--user=1',
        '--issuer=https://app.example',
        '--audience=api',
      )
      assert.deepEqual(readdirSync(join(folder, alg)).toSorted(), [
        'jwks.json',
        'key.json',
        'public.pem',
        'token.txt',
      ])
      assert.equal(read(alg, 'token.txt'), out)
      const rules = { issuer: 'https://app.example', audience: 'api', algorithms: [alg] }
      const byJwks = createLocalJWKSet(JSON.parse(read(alg, 'jwks.json')))
      const { payload } = await jwtVerify(out, byJwks, rules)
      assert.deepEqual([payload['uid'], payload['roles'], payload.sub], [1, ['admin'], '1'])
      assert.equal(payload.exp! - payload.iat!, 15 * 60 + 5)
      await jwtVerify(out, await importSPKI(read(alg, 'public.pem'), alg), rules)
      assert.equal('d' in (await importJWK(JSON.parse(read(alg, 'key.json')), alg)), false)
      assert.doesNotMatch(read(alg, 'jwks.json'), /"d"/)
    })
  }

  test('HS256: the secret is the bytes of its text', async () => {
    const out = symbolon('--alg', 'HS256', '--out=DIR/hs')
    assert.deepEqual(readdirSync(join(folder, 'hs')).toSorted(), ['secret.txt', 'token.txt'])
    await jwtVerify(out, Buffer.from(read('hs', 'secret.txt')))
  })

  test('--keys signs by a key that is there', async () => {
    symbolon('--out=DIR/first')
    const out = symbolon(
      '--keys',
      'DIR/first/key.json',
      '--session-field',
      'sid',
      '--expires',
      '1h',
    )
    const { payload } = await jwtVerify(
      out,
      createLocalJWKSet(JSON.parse(read('first', 'jwks.json'))),
    )
    assert.match(payload['sid'] as string, /^[\w-]{32}$/)
    assert.equal(payload.exp! - payload.iat!, 3605)
  })

  test('--expires=-5m: one that expired five minutes ago', () => {
    const { iat, exp } = decodeJwt(symbolon('--expires=-5m'))
    const ago = Date.now() / 1000 - exp!
    assert.ok(ago >= 299 && ago < 360)
    assert.ok(exp! > iat!)
  })

  test('what no reader would take is refused', () => {
    for (const [words, message] of [
      [['--claims', '{"sub":"x"}', '--user', 'y'], /may not name/],
      [['--claims', '[]'], /JSON of an object/],
      [['--claims', '{'], /JSON/],
      [['--alg', 'none'], /one of HS256/],
      [['--expires', 'soon'], /duration/],
      [['word'], /too many/],
    ] as const) {
      assert.throws(() => symbolon(...words), message)
    }
  })
})
