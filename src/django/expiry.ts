/** Where Django keeps the life of one session, set by `set_expiry()`. */
export const EXPIRY = '_session_expiry'

/**
 * Until when a session lives that is written now, as `get_expiry_date()` has it: some seconds from
 * each writing, or a date. Forms on which Django fails count as none.
 *
 * @param data the session's data, parsed
 * @returns ms since 1970
 */
export function expiryOf(
  data: Readonly<Record<string, unknown>>,
  now: number,
  age: number,
): number {
  const expiry = data[EXPIRY]
  if (typeof expiry === 'string') return dateOf(expiry) ?? now + age
  const seconds = typeof expiry === 'number' || expiry === true ? Number(expiry) : 0
  const expires = seconds === 0 ? now + age : now + seconds * 1000
  return Math.min(Math.max(expires, 0), LAST_TIME)
}

/**
 * Whether the cookie ends with the browser's session, as `get_expire_at_browser_close()` has it.
 *
 * @param unlessSet `SESSION_EXPIRE_AT_BROWSER_CLOSE`
 */
export function endsWithBrowser(
  data: Readonly<Record<string, unknown>>,
  unlessSet: boolean,
): boolean {
  const expiry = data[EXPIRY] ?? undefined
  return expiry === undefined ? unlessSet : expiry === 0 || expiry === false
}

/** The end of the year 9999, beyond which neither databases nor Python have dates. */
const LAST_TIME = 253_402_300_799_000

/** What every version of Django reads under every setting: whole seconds, or nothing. */
export function isSafeExpiry(value: unknown): boolean {
  return value === undefined || value === null || Number.isSafeInteger(value)
}

const ISO = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)?$/

/** A date without a zone is taken for UTC; Python's microseconds are cut to milliseconds. */
function dateOf(text: string): number | undefined {
  if (!ISO.test(text)) return undefined
  const zoned = /(?:Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`
  const time = Date.parse(zoned.replace(' ', 'T').replace(/(\.\d{3})\d+/, '$1'))
  return Number.isNaN(time) ? undefined : time
}
