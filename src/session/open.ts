import type { RejectionCode } from '../errors.ts'
import { canOpenRecord } from '../token/claims.ts'
import { type CookieValue, cookieValues } from '../token/cookie-values.ts'
import type { GenuineToken } from '../token/token.ts'
import { inheriting } from './identity.ts'
import { ENDED, type SessionRecord } from './record.ts'
import type { Core, Found } from './state.ts'
import { isDue } from './renewal.ts'
import { type Steps, wait } from './steps.ts'
import type { Read } from './store-guard.ts'

/** What the session code needs to know of a request; no framework's type. */
export interface RequestFacts {
  /** The `Cookie` header, several joined by `'; '`. */
  readonly cookie: string | undefined
  /** The session that a cookie of another form names, for when there is none of ours (R43). */
  readonly otherId?: string | undefined
  readonly method: string
  /** Whether a document is being navigated to: `Sec-Fetch-Dest: document`. */
  readonly navigation: boolean
}

/** More of our cookies than this are no accident (CKI-03). */
const MOST_COOKIES = 3
/** So many are looked at to find what a logout has to end. */
const MOST_READ = 16
/** A cookie younger than this may name a record that another process has not seen yet (R10). */
const SETTLED_MS = 60_000

/** They change nothing (RFC 9110 §9.2.1), so that a record from memory will do for them (R13). */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

const NOTHING: Found = Object.freeze({
  kind: 'nothing',
  id: undefined,
  tokens: [],
  record: undefined,
  recalled: false,
  renamed: false,
  clear: false,
})

/** Cookie → token → store: finds the session a request belongs to. Throws only for a broken store. */
export function* open(core: Core, request: RequestFacts): Steps<Found> {
  if (core.tokens.ready !== undefined) yield* wait(core.tokens.ready)
  const values = cookieValues(request.cookie ?? '', core.settings.cookie.names)
  const tooMany = values.length > MOST_COOKIES
  const genuine = yield* genuineOf(core, values)
  const newest = genuine[0]
  if (newest === undefined) return tooMany ? ambiguous(core, []) : yield* openOther(core, request)
  const tokens = genuine.map(({ token }) => token)
  const { id } = newest.token
  if (tooMany || tokens.some((token) => token.id !== id)) return ambiguous(core, tokens)

  const renamed = newest.name !== core.settings.cookie.name
  return yield* openRecord(core, request, id, tokens, renamed)
}

/** The newest first. */
function* genuineOf(core: Core, values: readonly CookieValue[]): Steps<Genuine[]> {
  const { tokens, settings } = core
  const genuine: Genuine[] = []
  let last: GenuineToken | undefined
  for (const { name, value } of values.slice(0, MOST_READ)) {
    let read = tokens.read(value)
    if (read === 'kid' && (yield* wait(tokens.lookAgain()))) read = tokens.read(value)
    last = believed(core, read)
    if (last !== undefined) genuine.push({ name, token: last })
  }
  if (last === undefined && settings.lastCookieWins) return []
  return genuine.toSorted((one, other) => other.token.iat - one.token.iat)
}

interface Genuine {
  readonly name: string
  readonly token: GenuineToken
}

/** A cookie of another form is as good as one of ours that was renamed. */
function* openOther(core: Core, request: RequestFacts): Steps<Found> {
  const id = request.otherId ?? core.settings.otherId(request.cookie ?? '')
  return id === undefined ? NOTHING : yield* openRecord(core, request, id, [], true)
}

function* openRecord(
  core: Core,
  request: RequestFacts,
  id: string,
  tokens: readonly GenuineToken[],
  renamed: boolean,
): Steps<Found> {
  const token = tokens[0]
  const recallable = token !== undefined && !renamed && SAFE_METHODS.has(request.method)
  const recalled = recallable
    ? usable(core, token, yield* wait(core.store.recall?.(id)))
    : undefined
  const read = recalled ?? unexpired(core, yield* wait(core.store.read(id, token?.userId)))
  if (read === ENDED) {
    core.events.emit('record_ended', { id })
    return { ...NOTHING, kind: 'ended', id, tokens }
  }
  if (read === undefined) {
    core.events.emit('record_gone', { id })
    const clear = request.navigation && isSettled(core, token)
    return { ...NOTHING, kind: 'gone', id, tokens, clear }
  }
  const kind = 'living'
  const record = inheriting(core, read, token)
  return { kind, id, tokens, record, recalled: recalled !== undefined, renamed, clear: false }
}

function isSettled({ settings }: Core, token: GenuineToken | undefined): boolean {
  return token !== undefined && settings.now() - token.iat * 1000 > SETTLED_MS
}

/** A token's own times decide nothing in the app, except that no record can be older (R9). */
function believed(
  { events, settings }: Core,
  token: GenuineToken | RejectionCode,
): GenuineToken | undefined {
  if (typeof token === 'string') {
    events.emit('rejected', { reason: token })
    return undefined
  }
  if (canOpenRecord(token, settings.now(), settings)) return token
  events.emit('rejected', { reason: 'expired', id: token.id })
  return undefined
}

/**
 * From this process's memory. What has expired there may live on in the store, and a token that is to
 * be issued again needs the store's word (R15).
 */
function usable(core: Core, token: GenuineToken, recalled: Read): SessionRecord | undefined {
  const read = unexpired(core, recalled)
  return read === undefined || read === ENDED || isDue(core, token, read) ? undefined : read
}

function unexpired({ settings: { now, absolute } }: Core, read: Read): Read {
  if (read === undefined || read === ENDED) return read
  return now() < Math.min(read.created + absolute, read.expires) ? read : undefined
}

/** Which of several sessions the user meant cannot be told: neither, and the browser starts anew. */
function ambiguous(core: Core, tokens: readonly GenuineToken[]): Found {
  core.events.emit('duplicate_cookies')
  return { ...NOTHING, kind: 'ambiguous', tokens, clear: true }
}
