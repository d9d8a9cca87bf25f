import { hmac, shortHash, toBytes } from './bytes.ts'
import { RemoteDocument, type Transport } from './remote-document.ts'
import { type TextRules, readSigned } from './token.ts'

export const REVOCATIONS_TYPE = 'revocations+jwt'

/** A session: its `sessionHash`, and when none of its tokens can be valid any more, in seconds. */
export type RevokedSession = readonly [session: string, exp: number]

/**
 * A user: their `userHash`; what was issued before `mark` is refused; until `exp`, when no such token
 * can be valid any more; but not the sessions of these hashes. Times in seconds.
 */
export type RevokedUser = readonly [
  user: string,
  mark: number,
  exp: number,
  except?: readonly string[],
]

/** What neighbours must refuse before its time (R32): the payload of a JWT of this type. */
export interface RevocationsPayload {
  readonly iss: string
  /** When it was signed, in seconds. */
  readonly iat: number
  /** Random, another one when the numbers began anew. Users' hashes are salted with it. */
  readonly gen: string
  /** The number of its newest entry. */
  readonly seq: number
  readonly entries: {
    readonly s: readonly RevokedSession[]
    readonly u: readonly RevokedUser[]
    /** Burned keys, by kid. */
    readonly k: readonly string[]
  }
}

/** What of a token a list can name. */
export interface RevocableToken {
  /** Its `sessionHash`. */
  readonly session: string
  readonly userId: string | undefined
  readonly iat: number
  readonly kid: string
}

/** A user's name in lists of one generation: it cannot be followed from one to the next. */
export async function userHash(generation: string, userId: string): Promise<string> {
  return shortHash(await hmac(toBytes(generation), `symbolon user v1 ${userId}`))
}

/** One list, made for looking up. */
interface RevocationList {
  readonly generation: string
  readonly number: number
  /** In ms since 1970. */
  readonly signed: number
  /** Entries hold for as long as they are listed: when they may be forgotten is the app's to know. */
  covers(token: RevocableToken): Promise<boolean>
}

function revocationList({ gen, seq, iat, entries }: RevocationsPayload): RevocationList {
  const sessions = new Set(entries.s.map(([session]) => session))
  const users = Map.groupBy(entries.u, ([user]) => user)
  const kids = new Set(entries.k)
  return {
    generation: gen,
    number: seq,
    signed: iat * 1000,
    async covers({ session, userId, iat: issued, kid }) {
      if (kids.has(kid) || sessions.has(session)) return true
      if (userId === undefined || users.size === 0) return false
      const marks = users.get(await userHash(gen, userId)) ?? []
      return marks.some(([, mark, , except = []]) => issued < mark && !except.includes(session))
    },
  }
}

export interface RevocationRules extends Pick<TextRules, 'keys' | 'acceptEd25519'> {
  readonly issuer: string
  /** How far the issuer's clock may be off, in ms. */
  readonly tolerance: number
  /** Whether a list of any age, or none, will do while it cannot be fetched. */
  readonly acceptStale: boolean
  readonly onError: (error: unknown) => void
}

/** Some 80,000 logouts. */
const MAX_BYTES = 4 << 20
/** R32: past that a verifier does not know who was logged out. */
const MAX_AGE_MS = 30_000
/** Processes of one app sign at different moments, each for so long, and by their own clocks. */
const CACHED_MS = 20_000
/** However many follow: a server that is down is asked three times a second at most. */
const COOLDOWN_MS = 300

/** Tells of tokens that ended before their time. */
export interface Revocations {
  /** `'unavailable'`: no list is young enough to say. */
  problemOf(token: RevocableToken): Promise<'revoked' | 'unavailable' | undefined>
}

/** Follows the list that an app publishes. */
export function remoteRevocations(
  address: string,
  transport: Transport,
  rules: RevocationRules,
): Revocations {
  const { acceptStale, onError } = rules
  const document = new RemoteDocument(address, transport, {
    read,
    maxBytes: MAX_BYTES,
    cooldown: COOLDOWN_MS,
    freshness: { least: MAX_AGE_MS, most: MAX_AGE_MS },
    staleLimit: acceptStale ? Infinity : MAX_AGE_MS,
    onError,
  })
  let newest: RevocationList | undefined

  async function read(text: string): Promise<RevocationList> {
    const typed = { ...rules, typ: REVOCATIONS_TYPE, maxLength: MAX_BYTES }
    const signed = await readSigned(text, typed)
    if (typeof signed === 'string') throw new Error(signed)
    const payload = JSON.parse(signed.payload) as RevocationsPayload
    const list = revocationList(payload)
    const last = newest ?? list
    const isOlder =
      list.signed < last.signed - CACHED_MS ||
      (list.generation === last.generation && list.number < last.number)
    if (payload.iss !== rules.issuer || isOlder || !isYoung(list)) {
      throw new Error('The list is of another issuer, or an old copy')
    }
    return (newest = list)
  }

  /** A copy that somebody held back says nothing of now. Not of NaN either. */
  function isYoung({ signed }: RevocationList): boolean {
    return Math.abs(transport.now() - signed) <= MAX_AGE_MS + rules.tolerance
  }

  return {
    async problemOf(token) {
      const list = await document.follow()
      const isKnown = list !== undefined && isYoung(list)
      if (!isKnown && !acceptStale) return 'unavailable'
      return (await list?.covers(token)) ? 'revoked' : undefined
    },
  }
}
