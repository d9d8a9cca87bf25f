// Generated sessions: written here and read by Django, and the reverse, in batches.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { cacheForm, pickleSerializer, signedForm } from '../../src/django/forms.ts'
import { changeMembers, dataOf, dictText } from '../../src/django/python-json.ts'
import type { Form } from '../../src/django/rows.ts'
import { type DjangoSite, SITE_SECRET_KEY, django, djangoCodec } from '../support/django.ts'

type Session = Record<string, unknown>

/** By hand more than in CI: `SESSIONS=100000`. */
const SESSIONS = Number(process.env.SESSIONS ?? 10_000)
const BATCH = 500

const session: fc.Arbitrary<Session> = fc
  .dictionary(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.constantFrom('10', '9', '__proto__', 'é'),
    ),
    fc.oneof(
      fc.jsonValue({ stringUnit: 'binary', maxDepth: 3 }),
      fc.double(),
      fc.maxSafeInteger(),
      fc.string({ maxLength: 200 }),
    ),
    { maxKeys: 8, noNullPrototype: false },
  )
  .map((data) => JSON.parse(JSON.stringify(data)) as Session)

/** What Python does with each text of a list, and how it is written in Python. */
const inPython = (expression: string, values: unknown): string =>
  `import json, base64, pickle\nresult = [${expression} for each in json.loads(${JSON.stringify(JSON.stringify(values))})]`

describe('DJG-01 generated sessions', django.needed(), () => {
  let site: DjangoSite
  before(async () => {
    site = await djangoCodec()
  })
  after(() => site?.stop())

  const batches: Session[][] = Array.from({ length: Math.ceil(SESSIONS / BATCH) }, (_, seed) =>
    fc.sample(session, { numRuns: BATCH, seed: seed + 1 }),
  )
  const written = (form: Form, batch: readonly Session[]): string[] =>
    batch.map((data) => form.write(changeMembers(new Map(), data)))

  const signed = signedForm([SITE_SECRET_KEY], Date.now)
  test(`${SESSIONS} written here are read alike by Django`, async () => {
    for (const batch of batches) {
      const texts = written(signed, batch)
      const read = await site.python(inPython('SessionStore().decode(each)', texts))
      assert.deepEqual(read, batch)
    }
  })

  test(`${SESSIONS} written by Django are read alike here, and written back as they were`, async () => {
    const expression = '[SessionStore().encode(each), json.dumps(each, separators=(",", ":"))]'
    for (const batch of batches) {
      const texts: [string, string][] = await site.python(inPython(expression, batch))
      for (const [index, [text, json]] of texts.entries()) {
        const members = signed.read(text)!
        const data = dataOf(members)
        assert.deepEqual(data, batch[index])
        assert.equal(dictText(members), json)
        assert.equal(dictText(changeMembers(members, data)), json)
      }
    }
  })

  const pickled = cacheForm(pickleSerializer, false)
  const some = batches.slice(0, Math.ceil(batches.length / 5))
  test(`${some.length * BATCH} pickles written here are read alike by Python, and the reverse`, async () => {
    for (const batch of some) {
      const texts = written(pickled, batch)
      assert.deepEqual(
        await site.python(inPython('pickle.loads(bytes.fromhex(each))', texts)),
        batch,
      )
      const theirs: string[] = await site.python(inPython('pickle.dumps(each, 5).hex()', batch))
      assert.deepEqual(
        theirs.map((text) => dataOf(pickled.read(text)!)),
        batch,
      )
    }
  })
})
