import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { GATEWAYS, gatewayCommand } from '../../src/cli/gateway.ts'
import { generateKey } from '../../src/cli/keygen.ts'
import { keysCommand } from '../../src/cli/keys.ts'
import type { Algorithm } from '../../src/token/key.ts'

const folder = mkdtempSync(join(tmpdir(), 'symbolon-gateway-'))
after(() => rmSync(folder, { recursive: true }))

function keyFile(alg: Algorithm): string {
  const file = join(folder, `${alg}.json`)
  writeFileSync(file, JSON.stringify(generateKey(alg)))
  return file
}

describe('symbolon gateway', () => {
  test('names what it knows, and nothing else', () => {
    for (const name of [...Object.keys(GATEWAYS.run), ...Object.keys(GATEWAYS.notRun)]) {
      assert.match(gatewayCommand.usage, new RegExp(`\\b${name}\\b`))
    }
    for (const name of [[], ['iis'], ['constructor'], ['__proto__']]) {
      assert.throws(() => gatewayCommand.run(name), /needs the name/)
    }
  })

  test('writes the public half of every key that is published, and shows none', () => {
    const ring = join(folder, 'ring.json')
    keysCommand.run(['init', ring])
    const out = join(folder, 'haproxy')
    gatewayCommand.run(['haproxy', '--keys', ring, '--out', out])
    const pems = readdirSync(out).filter((file) => file.endsWith('.pem'))
    assert.equal(pems.length, 2)
    const config = readFileSync(join(out, 'haproxy.cfg'), 'utf8')
    for (const pem of pems) {
      assert.match(readFileSync(join(out, pem), 'utf8'), /^-----BEGIN PUBLIC KEY-----/)
      assert.ok(config.includes(`jwt_verify("ES256","${join(out, pem)}")`))
    }
    assert.ok(!gatewayCommand.run(['haproxy', '--keys', ring]).includes('BEGIN'))
  })

  test('a key that a gateway could not verify with is refused, a secret everywhere', () => {
    for (const name of ['haproxy', 'nginx-njs', 'apache']) {
      assert.throws(() => gatewayCommand.run([name, '--keys', keyFile('EdDSA')]), /EdDSA/)
    }
    assert.match(gatewayCommand.run(['caddy', '--keys', keyFile('EdDSA')]), /forward_auth/)
    assert.throws(() => gatewayCommand.run(['haproxy', '--keys', keyFile('HS256')]), /keygen/)
  })

  test('what would say more in a configuration than is meant is refused', () => {
    const hostile = {
      '--issuer': ['app.example', 'https://a.example;}', 'https://a.example"', 'https://a b'],
      '--origin': ['*', 'null', 'https://a.example/path', 'https://a.example\nb'],
      '--cookie': ['a b', 'a;b', 'a=b', "a'", 'a$b', '(.*)'],
      '--header': ['x-user', 'x user=sub', "x-user=a'b", 'x-user=a.b', 'x:y=sub'],
      '--app': ['127.0.0.1:3000', 'http://127.0.0.1', 'http://127.0.0.1:3000/path'],
      '--service': ['http://a;b:1'],
      '--listen': ['8080', 'a b:1', '127.0.0.1:x'],
    }
    for (const [option, values] of Object.entries(hostile)) {
      for (const value of values) {
        const run = (): string => gatewayCommand.run(['nginx', option, value])
        assert.throws(run, new RegExp(`^Error: ${option} `), `${option} ${value}`)
      }
    }
  })
})
