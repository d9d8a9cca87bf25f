import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makePlan, type Plan, type Situation } from '../../src/session/plan.ts'

const quiet: Situation = {
  used: true,
  stored: false,
  barred: false,
  changed: false,
  failed: false,
  renewalDue: false,
  cacheable: false,
  touchDue: false,
  fresh: false,
  clear: false,
}
const stored: Situation = { ...quiet, stored: true }

const table: [string, Situation, Plan['write'], Plan['cookie']][] = [
  ['SES-05 a read of a new session stores nothing', quiet, 'none', 'none'],
  ['SES-04 nobody looked', { ...quiet, used: false, changed: true }, 'none', 'none'],
  ['R14 first data', { ...quiet, changed: true }, 'create', 'issue'],
  ['R14 changed data', { ...stored, changed: true }, 'update', 'none'],
  [
    'R15 changed data, renewal due',
    { ...stored, changed: true, renewalDue: true },
    'update',
    'renew',
  ],
  ['R15 a renewal is a touch', { ...stored, renewalDue: true }, 'touch', 'renew'],
  ['CKO-22 a mere renewal waits', { ...stored, renewalDue: true, cacheable: true }, 'none', 'none'],
  [
    'CKO-22 data do not wait',
    { ...stored, changed: true, renewalDue: true, cacheable: true },
    'update',
    'none',
  ],
  ['R9 use is noted', { ...stored, touchDue: true }, 'touch', 'none'],
  ['CKO-17 nothing due', stored, 'none', 'none'],
  [
    'CKO-23 renewal due, nobody looked',
    { ...stored, used: false, renewalDue: true },
    'none',
    'none',
  ],
  [
    'CKO-19 5xx stores no implicit change',
    { ...stored, failed: true, changed: true, renewalDue: true, touchDue: true },
    'none',
    'none',
  ],
  ['CKO-19 5xx begins no session', { ...quiet, failed: true, changed: true }, 'none', 'none'],
  [
    'R17 an awaited login holds on a 5xx',
    { ...stored, failed: true, fresh: true },
    'none',
    'issue',
  ],
  [
    'R17 an awaited logout holds on a 5xx',
    { ...quiet, failed: true, clear: true },
    'none',
    'clear',
  ],
  ['R16 login, then data', { ...stored, fresh: true, changed: true }, 'update', 'issue'],
  ['R10 a late write is refused', { ...quiet, barred: true, changed: true }, 'refuse', 'none'],
  ['R10 a late read is not', { ...quiet, barred: true }, 'none', 'none'],
  ['SES-20 logout clears', { ...quiet, clear: true }, 'none', 'clear'],
  ['R11 cleared though nobody looked', { ...quiet, used: false, clear: true }, 'none', 'clear'],
  ['logout, then a new session', { ...quiet, clear: true, changed: true }, 'create', 'issue'],
  ['logout, then another login', { ...stored, clear: true, fresh: true }, 'none', 'issue'],
]

for (const [name, situation, write, cookie] of table) {
  test(name, () => assert.deepEqual(makePlan(situation), { write, cookie }))
}

test('R14 no situation issues a cookie without a stored session', () => {
  const flags = Object.keys(quiet) as (keyof Situation)[]
  for (let bits = 0; bits < 2 ** flags.length; bits++) {
    const situation = Object.fromEntries(
      flags.map((flag, index) => [flag, (bits & (1 << index)) !== 0]),
    ) as unknown as Situation
    const { write, cookie } = makePlan(situation)
    if (cookie === 'renew') assert.ok(situation.stored && write !== 'none' && write !== 'create')
    if (cookie === 'issue') assert.ok(situation.fresh || write === 'create')
    if (situation.failed || !situation.used) assert.equal(write, 'none')
  }
})
