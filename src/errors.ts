/**
 * What can go wrong that the app must hear of. A bad cookie is not among it: that is an anonymous
 * request and an event (see events.ts).
 *
 * | code | status | meaning |
 * |---|---|---|
 * | `invalid_option` | 500 | an option of `createSessions` or a store; thrown at construction |
 * | `invalid_key` | 500 | a key that cannot be used, or must not; thrown at construction |
 * | `keys_unavailable` | 500 | a remote signer or key source failed; `cause` is its error |
 * | `invalid_user` | 500 | `login()` was given a user without a usable id |
 * | `invalid_claims` | 500 | a field or a result of `claims()` that a token cannot carry |
 * | `invalid_data` | 500 | a session value that JSON would lose or change |
 * | `data_too_large` | 500 | the session's data exceed the limit |
 * | `cookie_too_large` | 500 | the cookie would exceed 4,096 bytes; lists the size of each claim |
 * | `session_ended` | 409 | the session ended while this request was under way |
 * | `session_conflict` | 409 | another request bound the session to another user meanwhile |
 * | `headers_sent` | 500 | the cookie must change, but the response head is already out |
 * | `store_unavailable` | 500 | the store failed; `cause` is its error |
 * | `store_timeout` | 500 | the store did not answer in time |
 * | `not_supported` | 500 | the store lacks what was asked for |
 */
export type SessionErrorCode =
  | 'invalid_option'
  | 'invalid_key'
  | 'keys_unavailable'
  | 'invalid_user'
  | 'invalid_claims'
  | 'invalid_data'
  | 'data_too_large'
  | 'cookie_too_large'
  | 'session_ended'
  | 'session_conflict'
  | 'headers_sent'
  | 'store_unavailable'
  | 'store_timeout'
  | 'not_supported'

/**
 * The one error class of this package.
 *
 * The message says what was wrong and what to do, and never holds a token, a key or a session id.
 * `status` is the HTTP status that error handlers of Express, Koa and Fastify answer with.
 *
 * @example
 * try {
 *   await req.session.save()
 * } catch (error) {
 *   if (error instanceof SessionError && error.code === 'session_ended') return res.redirect('/login')
 *   throw error
 * }
 */
export class SessionError extends Error {
  override readonly name = 'SessionError'
  readonly code: SessionErrorCode
  readonly status: number

  constructor(code: SessionErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
    this.status = code === 'session_ended' || code === 'session_conflict' ? 409 : 500
  }
}

/** Why a cookie was not believed. Closed, for counters and alerts; never shown to the client. */
export type RejectionCode =
  | 'type' // not a string
  | 'length' // empty, or longer than a cookie can be
  | 'format' // not three segments
  | 'encoding' // a character or a last character that base64url does not allow
  | 'header' // a header this app did not issue, and not one it may accept
  | 'alg' // not the algorithm of the key
  | 'kid' // no such key
  | 'signature'
  | 'json' // the payload is not one JSON object without duplicate names
  | 'claims' // a claim is missing or has a wrong type
  | 'issuer'
  | 'audience'
  | 'expired' // neighbours only: in the app the record decides (R9)
  | 'early' // neighbours only: issued or valid later than now
