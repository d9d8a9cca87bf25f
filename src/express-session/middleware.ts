import { Events } from '../events.ts'
import { HeadHooks, type Next, type NodeResponse } from '../adapters/head-hooks.ts'
import { ResponseHead } from '../adapters/response-head.ts'
import { Endings } from '../session/endings.ts'
import { open } from '../session/open.ts'
import { Signals } from '../session/signals.ts'
import type { Core } from '../session/state.ts'
import { isPromise, walk } from '../session/steps.ts'
import { guardStore } from '../session/store-guard.ts'
import { type Tokens, createTokens } from '../token/token.ts'
import type { Data } from '../session/data.ts'
import type { Secret } from './old-cookie.ts'
import { type Config, SESSION_ID } from './options.ts'
import { Records } from './records.ts'
import { factsOf, isUnderPath } from './request.ts'
import { ringOf, warnOfShortSecrets } from './secrets.ts'
import { type SessionRequest, controls } from './session.ts'
import { RequestState, newSession } from './state.ts'
import { StoreAccess } from './store-access.ts'
import { createSession } from './store.ts'
import { RequestVisit, causeOf } from './visit.ts'
import { NOBODY, type Who, whoIs } from './who.ts'

export type Middleware = (req: SessionRequest, res: NodeResponse, next: Next) => void

/** The visits of requests that have passed. */
export const visits: WeakMap<object, RequestVisit> = new WeakMap()

const accesses = new WeakMap<object, StoreAccess>()

export function createMiddleware(config: Config): { middleware: Middleware; events: Events } {
  const { store, settings, name } = config
  const events = new Events()
  const tokensOf = tokensBySecret(config, events)
  const whoOf = (data: Data): Who => whoIs(config.userId(data), NOBODY)
  const access = accesses.get(store) ?? new StoreAccess(store, settings.now)
  accesses.set(store, access)
  const nothing = new Records(access, noSession, whoOf)
  const endings = new Endings(guardStore(nothing, events))
  const signals = new Signals(async () => undefined, settings.now)
  const hooks = new HeadHooks((error, _, next) => next(causeOf(error)))
  const ready = followStore(config)

  return { middleware, events }

  function middleware(req: SessionRequest, res: NodeResponse, next: Next): void {
    if (req.session || !ready() || !isUnderPath(req, config.cookieOf(req).path)) return next()
    const secrets = config.secrets ?? (req.secret ? [req.secret] : [])
    if (secrets.length === 0 && (config.keys === undefined || config.signsDerived)) {
      return next(new Error('secret option required for sessions'))
    }
    req.sessionStore = store
    const facts = factsOf(req, name, secrets)
    const records = new Records(access, () => visits.get(req)?.state ?? noSession(), whoOf)
    const core: Core = {
      settings,
      tokens: tokensOf(secrets),
      store: endings.guard(guardStore(records, events)),
      events,
      endings,
      signals,
    }

    function enter(found: RequestState['found']): void {
      const report = (error: unknown): void => void setImmediate(next, error)
      try {
        const state = new RequestState(core, found, req, config)
        const visit = new RequestVisit(state, records, facts.carried, report)
        visits.set(req, visit)
        controls.set(req, visit)
        exposeAuth(req, config.requestProperty)
        void new ResponseHead(hooks, res, next, visit)
        endOnce(res)
      } catch (error) {
        return next(error)
      }
      next()
    }

    let found
    try {
      found = walk(open(core, facts))
    } catch (error) {
      return next(causeOf(error))
    }
    if (!isPromise(found)) return enter(found)
    found.then(enter, (error: unknown) => next(causeOf(error)))
  }
}

/** Stores and other middleware make sessions by these; while a store is disconnected there are none. */
function followStore(config: Config): () => boolean {
  const { store } = config
  let connected = true
  Object.assign(store, {
    generate(req: SessionRequest): void {
      const visit = visits.get(req)
      if (visit !== undefined) return visit.generate()
      req.sessionID = config.genid(req)
      newSession(req, config)
    },
    createSession,
  })
  if (typeof store.on === 'function') {
    store.on('disconnect', () => (connected = false))
    store.on('connect', () => (connected = true))
  }
  return () => connected
}

/** With cookie-parser's `req.secret` the secret is known with the first request only. */
function tokensBySecret(config: Config, events: Events): (secrets: readonly Secret[]) => Tokens {
  const known = new Map<Secret | undefined, Tokens>()
  const make = (secrets: readonly Secret[]): Tokens => {
    const ring = ringOf(config, secrets, events)
    warnOfShortSecrets(secrets, events)
    const rules = { ...config.settings, sessionId: SESSION_ID }
    return createTokens({ ring, ...rules })
  }
  const tokensOf = (secrets: readonly Secret[]): Tokens => {
    const tokens = known.get(secrets[0]) ?? make(secrets)
    known.set(secrets[0], tokens)
    return tokens
  }
  if (config.secrets !== undefined || config.keys !== undefined) tokensOf(config.secrets ?? [])
  return tokensOf
}

function exposeAuth(req: SessionRequest, property: string): void {
  if (property in req) return
  Object.defineProperty(req, property, {
    configurable: true,
    get: () => visits.get(req)?.auth,
    set: (value: unknown) => {
      Object.defineProperty(req, property, { configurable: true, writable: true, value })
    },
  })
}

/** express-session lets a second `end` pass in silence, where Node takes it for a write after end. */
function endOnce(res: NodeResponse): void {
  const { end } = res as { end?: (...args: unknown[]) => unknown }
  if (typeof end !== 'function') return
  let called = false
  Object.assign(res, {
    end(...args: unknown[]): unknown {
      if (called) return false
      called = true
      return end.apply(res, args)
    },
  })
}

function noSession(): never {
  throw new TypeError('The request has no session')
}
