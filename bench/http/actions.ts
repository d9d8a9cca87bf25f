/** What clients do, again and again. */
export const ACTIONS = {
  identity: { asks: 'who the user is', path: '/identity', cookies: 'own' },
  read: { asks: 'one value of the session', path: '/read', cookies: 'own' },
  write: { asks: 'to count up a value of the session', path: '/write', cookies: 'own' },
  login: { asks: 'for a new session, by a login', path: '/login', method: 'POST', cookies: 'none' },
  anonymous: { asks: 'who the user is, without a cookie', path: '/identity', cookies: 'none' },
  forged: {
    asks: 'who the user is, by a forged cookie',
    path: '/identity',
    cookies: 'forged',
    unseen: true,
  },
} as const satisfies Readonly<Record<string, ActionPlan>>

export type Action = keyof typeof ACTIONS

export interface ActionPlan {
  readonly asks: string
  readonly path: string
  readonly method?: 'POST'
  readonly cookies: 'own' | 'none' | 'forged'
  readonly unseen?: true
}

/** So many characters from the end of a cookie are changed in turn. */
const CHANGED = 16
/** Behind these a signature, or what is encrypted, still has its form. */
const UNTOUCHED = 4

/**
 * Many cookies that look like genuine ones, each of them other than the rest, so that nothing can
 * remember that it was refused.
 *
 * @param cookies `Cookie` headers, of one cookie or several
 */
export function forgeriesOf(cookies: readonly string[]): string[] {
  return Array.from({ length: CHANGED }, (_, index) =>
    cookies.map((cookie) => {
      const each = cookie.split('; ').map((one) => forged(one, UNTOUCHED + index))
      return each.join('; ')
    }),
  ).flat()
}

function forged(cookie: string, fromEnd: number): string {
  const letters = [...cookie.matchAll(/(?<!%.?)[A-Za-z0-9]/g)]
  const { index } = letters.at(-fromEnd)!
  const other = cookie[index] === 'A' ? 'B' : 'A'
  return cookie.slice(0, index) + other + cookie.slice(index + 1)
}
