export { SessionError, type RejectionCode, type SessionErrorCode } from './errors.ts'
export type { EventCode, SessionEvent } from './events.ts'
export type {
  RegisteredUser,
  Register,
  RequestAuth,
  SessionData,
  SessionObject,
} from './register.ts'
export type { CookieOptions, CookieVariant, SameSite } from './session/cookie.ts'
export type { Duration } from './duration.ts'
export type { ErrorAnswer, SessionOptions } from './session/options.ts'
export type {
  MaybePromise,
  RevocationLog,
  RevocationPage,
  SessionRecord,
  Store,
  StoreChange,
  StoredSession,
  StoreGuarantees,
  UserMark,
} from './session/record.ts'
export type { KeepOptions, Session } from './session/session.ts'
export type { CreateSessionsOptions } from './create-options.ts'
export { createSessions, type Sessions } from './sessions.ts'
export { defineFields, type Fields, type FieldForm } from './token/fields.ts'
export type { Keys, KeySpec } from './token/key.ts'
export type { Endpoint } from './well-known/endpoint.ts'
export type { ForwardAuthOptions } from './well-known/forward-auth.ts'
export type { RefreshOptions } from './well-known/refresh.ts'
export type { CookieCarrier, TokenForOptions } from './well-known/token-for.ts'
