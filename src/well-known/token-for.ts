import { SessionError } from '../errors.ts'
import { parseData } from '../session/data.ts'
import { type Duration, milliseconds } from '../duration.ts'
import type { RequestFacts } from '../session/open.ts'
import type { Settings } from '../session/options.ts'
import type { SessionRecord } from '../session/record.ts'
import { BACKDATED_SECONDS } from '../token/claims.ts'
import type { KeyRing } from '../token/key-ring.ts'
import { signDocument } from '../token/signed-document.ts'

/** For whom a token is, and how long. */
export interface TokenForOptions {
  /** Who may read it: `aud`, which that service must ask for. */
  readonly audience: string
  /** Default `'5m'`. */
  readonly life?: Duration
}

/** A request of any runtime, for its cookies. */
export interface CookieCarrier {
  readonly headers: Headers | { readonly cookie?: string | undefined }
}

/** As a writing request: the record is asked for, whatever is remembered. */
export function factsOf({ headers }: CookieCarrier): RequestFacts {
  const cookie = headers instanceof Headers ? headers.get('cookie') : headers.cookie
  return { cookie: cookie ?? undefined, method: 'POST', navigation: false }
}

/**
 * Signs who the user is for a service that is trusted less than with the cookie: no `sk`, so that it
 * opens no session anywhere, and good for one audience (R35).
 */
export async function tokenFor(
  ring: KeyRing,
  settings: Settings,
  { userId, claims, expires }: SessionRecord,
  { audience, life = '5m' }: TokenForOptions,
): Promise<string> {
  if (typeof audience !== 'string' || audience === '' || audience === settings.audience) {
    throw new SessionError(
      'invalid_option',
      "tokenFor needs an audience: the name of the one service that is to read the token, which is not the sessions' own",
    )
  }
  const now = settings.now()
  const end = Math.min(now + milliseconds(life, 'life'), expires)
  return signDocument(ring, 'JWT', {
    ...parseData(claims),
    iat: Math.floor(now / 1000) - BACKDATED_SECONDS,
    exp: Math.floor(end / 1000),
    sub: userId,
    iss: settings.issuer,
    aud: audience,
  })
}
