import { canOpenRecord } from '../token/claims.ts'
import { type CookieValue, cookieValues } from '../token/cookie-values.ts'
import type { GenuineToken } from '../token/token.ts'
import { ENDED, type SessionRecord } from './record.ts'
import type { Core, Found } from './state.ts'
import { type Steps, wait } from './steps.ts'

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

const NOTHING: Found = Object.freeze({
  kind: 'nothing',
  id: undefined,
  tokens: [],
  record: undefined,
  renamed: false,
  clear: false,
})

/** Cookie → token → store: finds the session a request belongs to. Throws only for a broken store. */
export function* open(core: Core, request: RequestFacts): Steps<Found> {
  const values = cookieValues(request.cookie ?? '', core.settings.cookie.names)
  const tooMany = values.length > MOST_COOKIES
  const genuine = genuineOf(core, values)
  const [newest] = genuine
  if (newest === undefined) return tooMany ? ambiguous(core, []) : yield* openOther(core, request)
  const tokens = genuine.map(({ token }) => token)
  const { id, iat } = newest.token
  if (tooMany || tokens.some((token) => token.id !== id)) return ambiguous(core, tokens)

  const settled = core.settings.now() - iat * 1000 > SETTLED_MS
  const clear = request.navigation && settled
  const renamed = newest.name !== core.settings.cookie.name
  return yield* openRecord(core, id, tokens, renamed, clear)
}

/** The newest first. */
function genuineOf(core: Core, values: readonly CookieValue[]): Genuine[] {
  const genuine: Genuine[] = []
  for (const { name, value } of values.slice(0, MOST_READ)) {
    const token = readToken(core, value)
    if (token !== undefined) genuine.push({ name, token })
  }
  return genuine.toSorted((one, other) => other.token.iat - one.token.iat)
}

interface Genuine {
  readonly name: string
  readonly token: GenuineToken
}

/** A cookie of another form is as good as one of ours that was renamed. */
function* openOther(core: Core, { otherId: id }: RequestFacts): Steps<Found> {
  return id === undefined ? NOTHING : yield* openRecord(core, id, [], true, false)
}

/** @param clear whether to clear the cookies if there is no record */
function* openRecord(
  core: Core,
  id: string,
  tokens: readonly GenuineToken[],
  renamed: boolean,
  clear: boolean,
): Steps<Found> {
  const read = yield* readRecord(core, id, tokens[0]?.userId)
  if (read === ENDED) {
    core.events.emit('record_ended', { id })
    return { kind: 'ended', id, tokens, record: undefined, renamed: false, clear: false }
  }
  if (read === undefined) {
    core.events.emit('record_gone', { id })
    return { kind: 'gone', id, tokens, record: undefined, renamed: false, clear }
  }
  return { kind: 'living', id, tokens, record: read, renamed, clear: false }
}

/** A token's own times decide nothing in the app, except that no record can be older (R9). */
function readToken({ tokens, events, settings }: Core, value: string): GenuineToken | undefined {
  const token = tokens.read(value)
  if (typeof token === 'string') {
    events.emit('rejected', { reason: token })
    return undefined
  }
  if (canOpenRecord(token, settings.now(), settings)) return token
  events.emit('rejected', { reason: 'expired', id: token.id })
  return undefined
}

function* readRecord(
  core: Core,
  id: string,
  userId: string | undefined,
): Steps<SessionRecord | typeof ENDED | undefined> {
  const record = yield* wait(core.store.read(id, userId))
  if (record === undefined || record === ENDED) return record
  const { now, absolute } = core.settings
  return now() < Math.min(record.created + absolute, record.expires) ? record : undefined
}

/** Which of several sessions the user meant cannot be told: neither, and the browser starts anew. */
function ambiguous(core: Core, tokens: readonly GenuineToken[]): Found {
  core.events.emit('duplicate_cookies')
  return { ...NOTHING, kind: 'ambiguous', tokens, clear: true }
}
