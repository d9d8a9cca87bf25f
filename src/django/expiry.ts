/** Where Django keeps the life of one session, set by `set_expiry()`. */
export const EXPIRY = '_session_expiry'

/** Settings that say how long sessions live. */
export interface LifeSettings {
  /** `SESSION_COOKIE_AGE`, in ms. */
  readonly age: number
  readonly expireAtBrowserClose: boolean
}

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
  const seconds = Number(expiry)
  const isNumber = typeof expiry === 'number' || typeof expiry === 'boolean'
  return isNumber && seconds !== 0 ? now + seconds * 1000 : now + age
}

/** Whether the cookie ends with the browser's session, as `get_expire_at_browser_close()` has it. */
export function endsWithBrowser(
  data: Readonly<Record<string, unknown>>,
  { expireAtBrowserClose }: Pick<LifeSettings, 'expireAtBrowserClose'>,
): boolean {
  const expiry = data[EXPIRY] ?? undefined
  return expiry === undefined ? expireAtBrowserClose : expiry === 0 || expiry === false
}

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
