import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

test('JWS-31 MACs and signatures are compared by the platform, in constant time', () => {
  const folder = join(import.meta.dirname, '../../src/token')
  const names = readdirSync(folder)
  for (const name of names) {
    const source = readFileSync(join(folder, name), 'utf8')
    assert.doesNotMatch(source, /\b(?:mac|signature|digest)(?:\([^)]*\))?\s*[!=]==(?!\s*'')/i, name)
    assert.doesNotMatch(source, /[!=]==?\s*(?:mac|signature|digest)\b(?!\.length)/i, name)
  }
  assert.ok(names.includes('signing.ts'))
  assert.match(readFileSync(join(folder, 'signing.ts'), 'utf8'), /timingSafeEqual\(/)
})
