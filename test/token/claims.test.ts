import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { appClaims, canOpenRecord, checkClaims, timeProblem } from '../../src/token/claims.ts'
import { ID, NOW, NOW_MS, SESSION } from './fixtures.ts'

const rules = { sessionField: 'sk' }

/** Checks a session's payload with other members put in, or taken out by undefined. */
function check(
  members: Readonly<Record<string, unknown>>,
  more: { issuer?: string; audience?: string } = {},
): unknown {
  return checkClaims({ ...SESSION, ...members }, { ...rules, ...more })
}

describe('checkClaims', () => {
  test('R4 gives what the token says of the session', () => {
    const payload = { ...SESSION, sub: '7', nbf: NOW, uid: 7 }
    const { iat, exp } = SESSION
    assert.deepEqual(checkClaims(payload, rules), { id: ID, userId: '7', iat, exp, nbf: NOW })
    assert.deepEqual(checkClaims({ sid: ID, iat, exp }, { sessionField: 'sid' }), {
      id: ID,
      userId: undefined,
      iat,
      exp,
      nbf: undefined,
    })
  })

  test('CLM-01 CLM-04 CLM-05 exp must be there, and a number', () => {
    const texts = ['2000000100', ' 2000000100', '2000000100abc', '2033-05-18T03:35:00Z', '']
    for (const exp of [undefined, ...texts, null, true, false, [], {}, [2000000100]]) {
      assert.equal(check({ exp }), 'claims', JSON.stringify(exp))
    }
  })

  test('CLM-06 CLM-07 CLM-08 CLM-09 CLM-10 exp must be a whole second of our era', () => {
    const late = [Infinity, NaN, 1e300, 1e17, 253_402_300_800, (NOW + 900) * 1000]
    for (const exp of [0, -1, -1e308, 2_000_000_100.5, ...late]) {
      assert.equal(check({ exp }), 'claims', String(exp))
    }
    assert.equal(typeof check({ exp: 253_402_300_799 }), 'object')
  })

  test('CLM-13 CLM-15 iat must be there, and a whole second', () => {
    for (const iat of [undefined, null, '1999999995', 'now', NaN, -1, 1.5, true, [NOW]]) {
      assert.equal(check({ iat }), 'claims', String(iat))
    }
    assert.equal(typeof check({ iat: 0 }), 'object')
  })

  test('CLM-12 nbf may be there as a whole second', () => {
    for (const nbf of [null, '2000000000', 1.5, -1, false]) assert.equal(check({ nbf }), 'claims')
    assert.equal(typeof check({ nbf: NOW }), 'object')
  })

  test('CLM-16 a token must end after it began', () => {
    assert.equal(check({ exp: SESSION.iat }), 'claims')
    assert.equal(check({ exp: SESSION.iat - 1 }), 'claims')
    assert.equal(check({ nbf: SESSION.exp + 1 }), 'claims')
    assert.equal(typeof check({ exp: SESSION.iat + 1 }), 'object')
  })

  test('CLM-23 the id must look like one before any store is asked for it', () => {
    const wrong = [undefined, null, 7, '', 'a', 'a'.repeat(15), 'a'.repeat(129), 'a'.repeat(10_240)]
    const unsafe = [
      '../../../../etc/passwd',
      "' or 1=1 -- aaaaaaaaa",
      'aaaaaaaaaaaaaaaa\r\nset x 1',
    ]
    unsafe.push(
      'aaaaaaaaaaaaaaaa\0',
      'äaaaaaaaaaaaaaaaa',
      'aaaaaaaaaaaaaaaa\n',
      'sess:aaaaaaaaaaaaaaaa',
    )
    for (const sk of [...wrong, ...unsafe, [ID], { toString: () => ID }]) {
      assert.equal(check({ sk }), 'claims', String(sk).slice(0, 40))
    }
    for (const sk of ['a'.repeat(16), 'a'.repeat(128), '0aZ_-'.repeat(4)]) {
      assert.equal(typeof check({ sk }), 'object')
    }
  })

  test('CLM-41 sub may be there as text', () => {
    for (const sub of [7, null, '', ['7'], { id: 7 }, true]) assert.equal(check({ sub }), 'claims')
  })

  test('CLM-30 iss must be exactly the issuer', () => {
    const wrong = [
      'https://a/',
      'https://a.evil',
      'a',
      'HTTPS://A',
      ['https://a'],
      ['https://a', 'b'],
    ]
    for (const iss of [...wrong, undefined, null, '', {}]) {
      assert.equal(check({ iss }, { issuer: 'https://a' }), 'issuer', JSON.stringify(iss))
    }
    assert.equal(typeof check({ iss: 'https://a' }, { issuer: 'https://a' }), 'object')
    assert.equal(typeof check({ iss: 'https://a' }), 'object')
  })

  test('CLM-32 CLM-33 CLM-34 aud must be or contain the audience', () => {
    const wrong = [[], '', 'apis', 'ap', 'API', [1], {}, [['api']], undefined, null, ['other']]
    for (const aud of wrong)
      assert.equal(check({ aud }, { audience: 'api' }), 'audience', JSON.stringify(aud))
    for (const aud of ['api', ['api'], ['other', 'api']]) {
      assert.equal(typeof check({ aud }, { audience: 'api' }), 'object')
    }
  })

  test('R35 a token for another audience is refused where none is configured', () => {
    for (const aud of ['api', ['api'], '', null]) assert.equal(check({ aud }), 'audience')
  })

  test('CLM-42 the same question has the same answer each time', () => {
    for (let times = 0; times < 10; times++) {
      assert.equal(typeof check({ iss: 'a', aud: 'b' }, { issuer: 'a', audience: 'b' }), 'object')
    }
  })
})

describe('appClaims', () => {
  test('R4 leaves the members that are the app’s own, in their order', () => {
    const payload = {
      ...SESSION,
      sub: '7',
      iss: 'a',
      aud: 'b',
      nbf: 1,
      jti: 'c',
      z: 1,
      a: { sk: 2 },
    }
    assert.deepEqual(Object.entries(appClaims(payload, 'sk')), [
      ['z', 1],
      ['a', { sk: 2 }],
    ])
    assert.deepEqual(appClaims({ sid: ID, sk: 'mine' }, 'sid'), { sk: 'mine' })
  })
})

describe('timeProblem', () => {
  const times = { iat: NOW - 5, exp: NOW + 900, nbf: undefined }
  const limits = { tolerance: 0, tokenLife: 900_000 }

  test('CLM-02 CLM-03 a token ends on the second of exp, later only by the tolerance', () => {
    const at = (exp: number, tolerance: number): unknown =>
      timeProblem({ ...times, exp }, NOW_MS, { ...limits, tolerance })
    assert.deepEqual(
      [at(NOW - 1, 0), at(NOW, 0), at(NOW + 1, 0)],
      ['expired', 'expired', undefined],
    )
    assert.deepEqual([at(NOW - 5, 5000), at(NOW - 4, 5000)], ['expired', undefined])
  })

  test('CLM-12 CLM-14 CLM-18 a token begins with iat and nbf, earlier only by the tolerance', () => {
    const later = { ...times, iat: NOW + 5 }
    assert.equal(timeProblem(later, NOW_MS, limits), 'early')
    assert.equal(timeProblem(later, NOW_MS, { ...limits, tolerance: 5000 }), undefined)
    assert.equal(timeProblem({ ...times, nbf: NOW + 1 }, NOW_MS, limits), 'early')
    assert.equal(timeProblem({ ...times, nbf: NOW }, NOW_MS, limits), undefined)
  })

  test('CLM-10 CLM-11 a token may not live longer than its issuer lets tokens live', () => {
    assert.equal(timeProblem(times, NOW_MS, limits), undefined)
    assert.equal(timeProblem({ ...times, exp: NOW + 901 }, NOW_MS, limits), 'claims')
    assert.equal(timeProblem({ ...times, exp: NOW * 100 }, NOW_MS, limits), 'claims')
  })

  test('CLM-11 a token issued within a second, of a life with a fraction, is no exception', () => {
    for (const tokenLife of [1000, 1001, 1500, 1999, 900_000]) {
      for (const issuedAt of [NOW_MS, NOW_MS + 1, NOW_MS + 500, NOW_MS + 999]) {
        const iat = Math.floor(issuedAt / 1000) - 5
        const exp = Math.floor((issuedAt + tokenLife) / 1000)
        assert.equal(
          timeProblem({ iat, exp, nbf: undefined }, NOW_MS, { tolerance: 0, tokenLife }),
          undefined,
        )
      }
    }
  })

  test('CLM-22 lives beyond the range of timers are lives like others', () => {
    const exp = NOW + 2 ** 31
    assert.equal(
      timeProblem({ ...times, exp }, NOW_MS, { tolerance: 0, tokenLife: 2 ** 31 * 1000 }),
      undefined,
    )
  })
})

describe('canOpenRecord', () => {
  test('R9 whatever its times, a token leads to its record until that must have expired', () => {
    const lives = { idle: 100_000, tokenLife: 20_000 }
    const token = { iat: NOW, exp: NOW + 20, nbf: undefined }
    assert.equal(canOpenRecord(token, NOW_MS + 119_999, lives), true)
    assert.equal(canOpenRecord(token, NOW_MS + 120_000, lives), false)
    assert.equal(canOpenRecord(token, NOW_MS - 3_600_000, lives), true)
  })
})
