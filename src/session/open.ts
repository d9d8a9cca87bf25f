import { cookieValues } from './cookie.ts'
import { canOpenRecord } from '../token/claims.ts'
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
  if (values.length === 0) return yield* openOther(core, request)

  const genuine = values
    .slice(0, MOST_READ)
    .flatMap(({ name, value }) => {
      const token = readToken(core, value)
      return token === undefined ? [] : [{ name, token }]
    })
    .toSorted((one, other) => other.token.iat - one.token.iat)
  const [newest] = genuine
  if (newest === undefined && values.length > MOST_COOKIES) return ambiguous(core, [])
  if (newest === undefined) return yield* openOther(core, request)
  const tokens = genuine.map(({ token }) => token)
  const one = tokens.every(({ id }) => id === newest.token.id)
  if (!one || values.length > MOST_COOKIES) return ambiguous(core, tokens)

  const { id, iat } = newest.token
  const renamed = newest.name !== core.settings.cookie.name
  const settled = core.settings.now() - iat * 1000 > SETTLED_MS
  const found = { ...NOTHING, id, tokens, renamed, clear: request.navigation && settled }
  return yield* openRecord(core, id, found)
}

/** A cookie of another form is as good as one of ours that was renamed. */
function* openOther(core: Core, { otherId: id }: RequestFacts): Steps<Found> {
  if (id === undefined) return NOTHING
  return yield* openRecord(core, id, { ...NOTHING, id, renamed: true })
}

/** @param found what is known without the record; `clear` is for when there is none */
function* openRecord(core: Core, id: string, found: Found): Steps<Found> {
  const record = yield* readRecord(core, id)
  if (record === ENDED) {
    core.events.emit('record_ended', { id })
    return { ...found, kind: 'ended', renamed: false, clear: false }
  }
  if (record === undefined) {
    core.events.emit('record_gone', { id })
    return { ...found, kind: 'gone', renamed: false }
  }
  return { ...found, kind: 'living', record, clear: false }
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

function* readRecord(core: Core, id: string): Steps<SessionRecord | typeof ENDED | undefined> {
  const record = yield* wait(core.store.read(id))
  if (record === undefined || record === ENDED) return record
  const { now, absolute } = core.settings
  return now() < Math.min(record.created + absolute, record.expires) ? record : undefined
}

/** Which of several sessions the user meant cannot be told: neither, and the browser starts anew. */
function ambiguous(core: Core, tokens: readonly GenuineToken[]): Found {
  core.events.emit('duplicate_cookies')
  return { ...NOTHING, kind: 'ambiguous', tokens, clear: true }
}
