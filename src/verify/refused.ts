import { SessionError } from '../errors.ts'

/** Wrong configuration, told at construction; keys are looked into when they are first used. */
export function refused(
  code: 'invalid_option' | 'invalid_key',
  problem: string,
  cause?: unknown,
): SessionError {
  return new SessionError(code, `createVerifier: ${problem}`, { cause })
}
