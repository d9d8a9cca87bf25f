import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { createKeyRing } from '../../src/token/key-ring.ts'
import type { Algorithm } from '../../src/token/key.ts'
import { type Verifier, type VerifierOptions, createVerifier } from '../../src/verify/index.ts'
import { type LocalTokens, NOW_MS, SECRET, SPECS, tokensOf } from '../token/fixtures.ts'

export const ISSUER = 'https://app.example'

type Options = Partial<VerifierOptions<Readonly<Record<string, unknown>>>>

/** A neighbour that was given the app's keys; it stands at the time of the fixtures. */
export function verifierOf(
  alg: Algorithm,
  more: Options = {},
): Verifier<{ readonly sub: string } & Readonly<Record<string, unknown>>> {
  const rest = { issuer: ISSUER, now: () => NOW_MS, ...more }
  if (alg === 'HS256') return createVerifier({ secret: SECRET, canAlsoIssue: true, ...rest })
  return createVerifier({ keys: createKeyRing(SPECS[alg]).trusted.jwks(), ...rest })
}

/** The app's tokens. */
export function issuerOf(alg: Algorithm, more: { audience?: string } = {}): LocalTokens {
  return tokensOf(alg, { issuer: ISSUER, ...more })
}

/** A clock that is set by hand. */
export class Clock {
  now = NOW_MS
  readonly read = (): number => this.now

  pass(milliseconds: number): void {
    this.now += milliseconds
  }
}

/** Asks until it hears what is expected: what a verifier does behind a request's back takes its time. */
export async function eventually<T>(ask: () => T | Promise<T>, expected: T): Promise<void> {
  for (let times = 0; times < 500; times++) {
    if (isDeepStrictEqual(await ask(), expected)) return
    await sleep(5)
  }
  assert.deepEqual(await ask(), expected)
}
