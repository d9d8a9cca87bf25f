import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SessionError } from '../../src/errors.ts'
import { type FieldForm, createFields, defineFields } from '../../src/token/fields.ts'

const user = {
  id: 7,
  name: 'Ada',
  roles: ['admin', 'editor'],
  org: { name: 'Example', plan: null },
}

function isInvalid(code: string, ...words: string[]): (error: unknown) => boolean {
  return (error) =>
    error instanceof SessionError &&
    error.code === code &&
    words.every((word) => error.message.includes(word))
}

describe('R5 field forms', () => {
  test('R5 a text, one name for both, or a short and a long name', () => {
    const fields = createFields(['org.name', ['name'], ['id', 'uid'], ['roles', 'r', 'roles']])
    assert.deepEqual(fields.list, [
      { path: ['org', 'name'], short: 'org.name', long: 'org.name' },
      { path: ['name'], short: 'name', long: 'name' },
      { path: ['id'], short: 'uid', long: 'uid' },
      { path: ['roles'], short: 'r', long: 'roles' },
    ])
    const claims = fields.project(user)
    assert.deepEqual(claims, { 'org.name': 'Example', name: 'Ada', uid: 7, r: ['admin', 'editor'] })
    assert.deepEqual(fields.expand(claims), { ...claims, roles: ['admin', 'editor'] })
  })

  test('R5 reserved names are refused, in every place of a form', () => {
    const names = ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'sk', 'crit', '__proto__']
    for (const name of [...names, 'constructor', 'prototype']) {
      for (const form of [
        ['id', name],
        ['id', name, 'long'],
        ['id', 'short', name],
      ] as const) {
        assert.throws(() => createFields([form]), isInvalid('invalid_option', `"${name}"`, '"id"'))
      }
      assert.throws(() => createFields([name]), isInvalid('invalid_option'))
    }
    assert.throws(() => createFields([['id', 'sid']], 'sid'), isInvalid('invalid_option', '"sid"'))
  })

  test('R5 a name may be used once: short, long, and long against another’s short', () => {
    const colliding: FieldForm[][] = [
      [
        ['id', 'a'],
        ['name', 'a'],
      ],
      [
        ['id', 'a', 'x'],
        ['name', 'b', 'x'],
      ],
      [
        ['id', 'a', 'b'],
        ['name', 'b', 'c'],
      ],
      [
        ['name', 'b', 'c'],
        ['id', 'a', 'b'],
      ],
      ['id', 'id'],
    ]
    for (const forms of colliding) {
      assert.throws(() => createFields(forms), isInvalid('invalid_option', 'another field has it'))
    }
  })

  test('R5 what is no form is refused', () => {
    const forms = [
      [],
      [''],
      ['id', ''],
      [1],
      ['a', 'b', 'c', 'd'],
      [['id']],
      null,
      7,
      ['id', 'a\nb'],
    ]
    for (const form of [...forms, 'a..b', '.a', 'a.', 'a\u0000', '\ud800', 'x'.repeat(65)]) {
      assert.throws(
        () => createFields([form as FieldForm]),
        isInvalid('invalid_option'),
        String(form),
      )
    }
    for (const path of ['__proto__.a', 'a.__proto__', 'constructor.name', 'a.prototype.b']) {
      assert.throws(() => createFields([[path, 'short']]), isInvalid('invalid_option', path))
    }
    for (const list of ['id', null, undefined, 7, {}]) {
      assert.throws(() => createFields(list as never), isInvalid('invalid_option', 'list'))
    }
  })

  test('CLM-29 more fields than a token may have members are refused', () => {
    const forms = (count: number): string[] =>
      Array.from({ length: count }, (_, index) => `f${index}`)
    assert.equal(createFields(forms(56)).list.length, 56)
    assert.throws(() => createFields(forms(57)), isInvalid('invalid_option', '56'))
  })

  test('R5 fields are frozen, and can be fitted to another session field', () => {
    const fields = defineFields<typeof user>()([['id', 'sid']])
    assert.ok(
      Object.isFrozen(fields) && Object.isFrozen(fields.list) && Object.isFrozen(fields.list[0]),
    )
    assert.ok(Object.isFrozen(fields.list[0]?.path))
    assert.throws(() => createFields(fields, 'sid'), isInvalid('invalid_option', '"sid"'))
    assert.deepEqual(createFields(fields, 'x').list, fields.list)
  })
})

describe('R5 project', () => {
  test('R5 a missing attribute is left out, null is a value', () => {
    const fields = createFields(['id', 'nickname', 'org.city.name', 'name.first', 'org.plan'])
    assert.deepEqual(fields.project(user), { id: 7, 'org.plan': null })
    for (const nobody of [undefined, null, 'text', 7, {}, []])
      assert.deepEqual(fields.project(nobody), {})
  })

  test('R5 own properties and getters of classes both count, methods are errors', () => {
    class Person {
      first = 'Ada'
      get full(): string {
        return `${this.first} Lovelace`
      }
      greet(): string {
        return 'hello'
      }
    }
    assert.deepEqual(createFields(['first', 'full']).project(new Person()), {
      first: 'Ada',
      full: 'Ada Lovelace',
    })
    assert.throws(
      () => createFields(['greet']).project(new Person()),
      isInvalid('invalid_claims', '"greet"'),
    )
    assert.throws(() => createFields(['toString']).project({}), isInvalid('invalid_claims'))
  })

  test('R5 a value that is no plain JSON is an error that names the field, never the value', () => {
    class Money {
      amount = 'hidden-value'
    }
    const cycle: Record<string, unknown> = { secret: 'hidden-value' }
    cycle['self'] = cycle
    const values = [
      NaN,
      Infinity,
      10n,
      Symbol('hidden-value'),
      () => 'hidden-value',
      new Date(),
      new Map([['hidden-value', 1]]),
      new Set(),
      new Money(),
      Buffer.from('hidden-value'),
      new Uint8Array(2),
      /hidden-value/,
      new String('hidden-value'),
      Promise.resolve(),
      cycle,
      [undefined],
      Array(1),
      { toJSON: () => 'hidden-value' },
      JSON.parse('{"__proto__":1}'),
    ]
    for (const value of values) {
      for (const held of [value, [value], { a: value }]) {
        assert.throws(
          () => createFields([['profile.value', 'v']]).project({ profile: { value: held } }),
          (error) =>
            isInvalid('invalid_claims', '"profile.value"')(error) &&
            !(error as SessionError).message.includes('hidden-value'),
        )
      }
    }
  })

  test('R5 control characters and halves of characters are refused, in names too', () => {
    const unsafe = [
      '\0',
      '\t',
      '\n',
      '\r',
      '\u001b',
      '\u007f',
      '\u0085',
      '\u009f',
      '\u2028',
      '\u2029',
      '\ud800',
      '\udc00',
    ]
    for (const character of unsafe) {
      for (const value of [
        `a${character}b`,
        [character],
        { [`a${character}`]: 1 },
        { a: { b: character } },
      ]) {
        assert.throws(
          () => createFields(['id']).project({ id: value }),
          isInvalid('invalid_claims', '"id"'),
        )
      }
    }
    const fine = 'Zoë 😀 नमस्ते \u200d'
    assert.deepEqual(createFields(['id']).project({ id: { [fine]: fine } }), {
      id: { [fine]: fine },
    })
  })

  test('CLM-29 too deep and too long values are refused', () => {
    let deep: unknown = 1
    for (let level = 0; level < 15; level++) deep = [deep]
    assert.deepEqual(createFields(['id']).project({ id: deep }), { id: deep })
    assert.throws(() => createFields(['id']).project({ id: [deep] }), isInvalid('invalid_claims'))
    assert.ok(createFields(['id']).project({ id: 'x'.repeat(2046) }))
    assert.throws(
      () => createFields(['id']).project({ id: 'x'.repeat(2047) }),
      isInvalid('invalid_claims'),
    )
  })

  test('R5 the values are copies, read once, of plain objects of any realm', () => {
    let reads = 0
    const changing = {
      get value(): unknown {
        return reads++ === 0 ? 'first' : new Date()
      },
    }
    assert.deepEqual(createFields(['value']).project(changing), { value: 'first' })
    const bare = Object.assign(Object.create(null), { a: 1, b: undefined }) as object
    const claims = createFields(['roles', 'bare']).project({ roles: user.roles, bare })
    assert.deepEqual(claims, { roles: user.roles, bare: { a: 1 } })
    assert.notEqual(claims['roles'], user.roles)
  })

  test('R5 a getter that throws is an error that names the field and keeps its cause', () => {
    const cause = new Error('not loaded')
    const broken = {
      get org(): unknown {
        throw cause
      },
    }
    assert.throws(
      () => createFields(['org.name']).project(broken),
      (error) =>
        isInvalid('invalid_claims', '"org.name"')(error) && (error as Error).cause === cause,
    )
  })
})

describe('R5 checkClaims', () => {
  const fields = createFields([['id', 'uid', 'userId']], 'sid')

  test('R5 copies what claims() returned, without what is undefined', () => {
    const claims = { plan: 'pro', trial: undefined, limits: { seats: 3 } }
    const checked = fields.checkClaims(claims)
    assert.deepEqual(Object.entries(checked), [
      ['plan', 'pro'],
      ['limits', { seats: 3 }],
    ])
    assert.notEqual(checked['limits'], claims.limits)
  })

  test('R5 claims() may not return reserved names or names of fields', () => {
    for (const name of [
      'sid',
      'sk',
      'iat',
      'exp',
      'sub',
      'aud',
      'uid',
      'userId',
      'crit',
      'constructor',
    ]) {
      assert.throws(
        () => fields.checkClaims({ [name]: 1 }),
        isInvalid('invalid_claims', `"${name}"`),
      )
    }
    assert.throws(
      () => fields.checkClaims(JSON.parse('{"__proto__":1}')),
      isInvalid('invalid_claims'),
    )
  })

  test('R5 claims() must return a plain object of plain values under printable names', () => {
    for (const claims of [[], 'text', 7, null, new Date(), new Map(), () => ({})]) {
      assert.throws(() => fields.checkClaims(claims), isInvalid('invalid_claims', 'plain object'))
    }
    assert.throws(
      () => fields.checkClaims({ since: new Date() }),
      isInvalid('invalid_claims', '"since"'),
    )
    assert.throws(() => fields.checkClaims({ 'a\n': 1 }), isInvalid('invalid_claims'))
  })

  test('CLM-29 fields and claims together stay below what a token may have', () => {
    const claims = (count: number): object =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`c${index}`, 1]))
    assert.equal(Object.keys(fields.checkClaims(claims(55))).length, 55)
    assert.throws(() => fields.checkClaims(claims(56)), isInvalid('invalid_claims', '55'))
  })
})

describe('R5 expand', () => {
  test('R5 adds the long names in a new object and keeps everything else', () => {
    const fields = createFields([
      ['id', 'uid', 'userId'],
      ['roles', 'r', 'roles'],
    ])
    const claims = Object.freeze({ uid: 7, plan: 'pro' })
    const auth = fields.expand(claims)
    assert.deepEqual(auth, { uid: 7, plan: 'pro', userId: 7 })
    assert.notEqual(auth, claims)
    assert.ok(!Object.isFrozen(auth))
  })

  test('SES-40 a claim called __proto__ or a field the token lacks reaches no prototype', () => {
    const fields = createFields([['id', 'toString', 'valueOf']])
    const auth = fields.expand(
      JSON.parse('{"__proto__":{"admin":true}}') as Record<string, unknown>,
    )
    assert.equal((auth as { admin?: unknown }).admin, undefined)
    assert.ok(!Object.hasOwn(auth, 'valueOf'))
    assert.equal(Object.getPrototypeOf(auth), Object.prototype)
  })
})
