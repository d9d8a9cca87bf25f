import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { needs } from './needs.ts'

const { CI } = process.env

beforeEach(() => {
  delete process.env.CI
})
afterEach(() => {
  if (CI === undefined) delete process.env.CI
  else process.env.CI = CI
})

test('what is there skips nothing', () => {
  assert.deepEqual(needs('Chromium', true, 'apt-get install chromium'), {})
})

test('what is missing skips, and says how to get it', () => {
  assert.deepEqual(needs('Chromium', false, 'apt-get install chromium'), {
    skip: 'Chromium is missing; to get it: apt-get install chromium',
  })
})

test('in CI what is missing is a failure', () => {
  process.env.CI = 'true'
  assert.deepEqual(needs('Chromium', true, ''), {})
  assert.throws(() => needs('Chromium', false, 'apt-get install chromium'), /Chromium is missing/)
})
