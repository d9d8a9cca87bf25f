import { randomInt } from 'node:crypto'
import { cookieValues } from '../token/cookie-values.ts'
import { isEqual } from './signing.ts'

/** Django's settings for its CSRF protection. */
export interface CsrfSettings {
  /** Default `'csrftoken'`. */
  readonly CSRF_COOKIE_NAME?: string
  /** Whether the secret is in the session, under `_csrftoken`; default false. */
  readonly CSRF_USE_SESSIONS?: boolean
}

/** What is looked at of a request: `req` of Express will do. */
export interface CsrfRequest {
  readonly headers: { readonly cookie?: string | undefined }
  readonly session?: Readonly<Record<string, unknown>> | undefined
}

/** Reads and checks the tokens of Django's CSRF protection. */
export interface Csrf {
  /**
   * The token for a form (`csrfmiddlewaretoken`) or the header `X-CSRFToken`: another text each time.
   * Undefined while the browser has no secret, which Django gives it with its first form.
   */
  token(request: CsrfRequest): string | undefined
  /** Whether a request came with the secret. Check `Origin` too, as Django does beside the token. */
  check(request: CsrfRequest, token: unknown): boolean
}

const SECRET_LENGTH = 32
const ALPHABET = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
const SECRET = /^[A-Za-z0-9]{32}$/
const MASKED = /^[A-Za-z0-9]{64}$/

/**
 * Django's CSRF tokens, so that a form of Django can be sent to Node and the other way round.
 *
 * @example
 * const csrf = django.csrf()
 * app.post('/order', (req, res, next) => {
 *   if (!csrf.check(req, req.get('X-CSRFToken'))) return res.sendStatus(403)
 *   next()
 * })
 */
export function csrf(settings: CsrfSettings = {}): Csrf {
  const { CSRF_COOKIE_NAME = 'csrftoken', CSRF_USE_SESSIONS = false } = settings
  const secretOf = ({ headers, session }: CsrfRequest): string | undefined => {
    if (CSRF_USE_SESSIONS) return unmask(session?.['_csrftoken'])
    return unmask(cookieValues(headers.cookie ?? '', [CSRF_COOKIE_NAME]).at(-1)?.value)
  }
  return {
    token(request) {
      const secret = secretOf(request)
      return secret && mask(secret)
    },
    check(request, token) {
      const [secret, given] = [secretOf(request), unmask(token)]
      return secret !== undefined && given !== undefined && isEqual(secret, given)
    },
  }
}

/** A token is a mask and the secret shifted by it; Django before 4.1 kept the cookie in that form, too. */
function unmask(token: unknown): string | undefined {
  if (typeof token !== 'string') return undefined
  if (SECRET.test(token)) return token
  if (!MASKED.test(token)) return undefined
  return shift(token.slice(SECRET_LENGTH), token.slice(0, SECRET_LENGTH), -1)
}

function mask(secret: string): string {
  const key = Array.from(secret, randomCharacter).join('')
  return key + shift(secret, key, 1)
}

function randomCharacter(): string {
  return ALPHABET.charAt(randomInt(ALPHABET.length))
}

/** So that compressed answers do not tell the secret (BREACH). */
function shift(text: string, key: string, direction: 1 | -1): string {
  return Array.from(text, (character, index) => {
    const by = direction * ALPHABET.indexOf(key.charAt(index))
    const shifted = ALPHABET.indexOf(character) + by + ALPHABET.length
    return ALPHABET.charAt(shifted % ALPHABET.length)
  }).join('')
}
