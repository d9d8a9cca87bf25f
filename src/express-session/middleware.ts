import { Events } from '../events.ts'
import { HeadHooks, type Methods, type Next, type NodeResponse } from '../adapters/head-hooks.ts'
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
import { type SessionRequest, VISIT } from './session.ts'
import { RequestState, newSession } from './state.ts'
import { StoreAccess } from './store-access.ts'
import { createSession } from './store.ts'
import { RequestVisit, causeOf, visitOf } from './visit.ts'
import { NOBODY, type Who, whoIs } from './who.ts'

export type Middleware = (req: SessionRequest, res: NodeResponse, next: Next) => void

const accesses = new WeakMap<object, StoreAccess>()

export function createMiddleware(config: Config): { middleware: Middleware; events: Events } {
  const { store, settings, name } = config
  const events = new Events()
  const tokensOf = tokensBySecret(config, events)
  const whoOf = (data: Data): Who => whoIs(config.userId(data), NOBODY)
  const access = accesses.get(store) ?? new StoreAccess(store, settings.now)
  accesses.set(store, access)
  const endings = new Endings(guardStore(new Records(access, whoOf), events))
  const signals = new Signals(async () => undefined, settings.now)
  const shared = { settings, events, endings, signals }
  const hooks = new HeadHooks((error, _, next) => next(causeOf(error)))
  const end = endOnce(hooks)
  const auth = authProperty(config.requestProperty)
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
    const records = new Records(access, whoOf)
    const verbs = endings.guard(guardStore(records, events))
    const core: Core = { ...shared, tokens: tokensOf(secrets), store: verbs }

    function enter(found: RequestState['found']): void {
      try {
        const state = new RequestState(core, found, req, config)
        const visit = new RequestVisit(state, records, facts.carried, next)
        req[VISIT] = visit
        if (!(config.requestProperty in req)) {
          Object.defineProperty(req, config.requestProperty, auth)
        }
        void new ResponseHead(hooks, res, next, visit)
        if (res.end === hooks.methods.end) Object.assign(res, { end })
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
      const visit = visitOf(req)
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

/** Shared by all requests: with functions of its own, each would be an object of its own kind to V8. */
function authProperty(property: string): PropertyDescriptor {
  return {
    configurable: true,
    get(this: SessionRequest): unknown {
      return visitOf(this)?.auth
    },
    set(this: SessionRequest, value: unknown): void {
      Object.defineProperty(this, property, { configurable: true, writable: true, value })
    },
  }
}

/** express-session lets a second `end` pass in silence, where Node takes it for a write after end. */
function endOnce({ slot, methods }: HeadHooks): Methods['end'] {
  return function end(this: Readonly<Record<symbol, ResponseHead>>, ...args: unknown[]): unknown {
    const visit = this[slot]?.visit as RequestVisit
    if (visit.answered) return false
    visit.answered = true
    return methods.end.apply(this, args)
  }
}
