import type { FastifyInstance, FastifyPluginAsync, FastifyReply } from 'fastify'
import { SessionError } from '../errors.ts'
import type { RequestAuth, SessionObject } from '../register.ts'
import { isPromise } from '../session/steps.ts'
import type { Visit } from '../session/visit.ts'
import type { Sessions } from '../sessions.ts'
import { factsOf } from './connect.ts'
import { bareAnswer, sendAnswer } from './error-answer.ts'
import { HeadHooks, type Next } from './head-hooks.ts'
import { OF_ONE_ANSWER } from './node-head.ts'
import { type PropertyNames, accessor } from './request-properties.ts'
import { ResponseHead } from './response-head.ts'

declare module 'fastify' {
  interface FastifyRequest {
    readonly session: SessionObject
    /** Who the user is; undefined unless a living session was found that is bound to one. */
    readonly auth: RequestAuth | undefined
  }
}

/** What `sessionPlugin` is registered with. */
export interface SessionPluginOptions extends PropertyNames {
  readonly sessions: Sessions
}

/**
 * A plugin for Fastify 5. It gives requests `request.session` and `request.auth`, from `onRequest` on
 * and in all plugins beside it, and stores what became of the session before the first byte of the
 * answer, sent by `reply.send` or, after `reply.hijack()`, by `reply.raw`. Errors of the store go to
 * the app's error handler, unless `onError` answers them. Needs no @fastify/cookie.
 *
 * @throws FastifyError `FST_ERR_DEC_ALREADY_PRESENT` if requests have properties of these names
 *
 * @example
 * await app.register(sessionPlugin, { sessions })
 * app.post('/login', async (request, reply) => {
 *   await request.session.login(await authenticate(request.body))
 *   return reply.redirect('/')
 * })
 * // Set-Cookie: __Host-session=eyJ…; Path=/; HttpOnly; Secure; SameSite=Lax
 */
export const sessionPlugin: FastifyPluginAsync<SessionPluginOptions> = Object.assign(plugin, {
  // As fastify-plugin says: for the instance it is registered in, not for a child of its own.
  [Symbol.for('skip-override')]: true,
  [Symbol.for('plugin-meta')]: { name: 'symbolon', fastify: '5.x' },
})

async function plugin(app: FastifyInstance, options: SessionPluginOptions): Promise<void> {
  const { sessions, sessionProperty = 'session', requestProperty = 'auth' } = options
  const hooks = new HeadHooks((error, _response, refuse) => refuse(error))
  const { slot } = hooks
  app.decorateRequest(slot, null)
  app.decorateRequest(sessionProperty, decoration(slot, 'session'))
  app.decorateRequest(requestProperty, decoration(slot, 'auth'))

  app.addHook('onRequest', function session(request, reply, next) {
    const refuse = (error: unknown): void => answerFailure(sessions, error, reply, next as Next)
    const enter = (visit: Visit): void => {
      visit.response = reply.raw
      const head = new ResponseHead(hooks, reply.raw, refuse, visit)
      ;(request as object as Record<symbol, ResponseHead>)[slot] = head
      next()
    }
    let opened
    try {
      opened = sessions.open(factsOf(request.raw))
    } catch (error) {
      return refuse(error)
    }
    if (isPromise(opened)) opened.then(enter, refuse)
    else enter(opened)
  })
}

type Decoration = Readonly<Record<'getter' | 'setter', () => unknown>>

function decoration(slot: symbol, member: 'session' | 'auth'): Decoration {
  const { get: getter, set: setter } = accessor(slot, member)
  return { getter, setter }
}

/** @param next of a hook: an error that it is given later, too, goes to the app's error handlers */
function answerFailure(sessions: Sessions, error: unknown, reply: FastifyReply, next: Next): void {
  for (const name of Object.keys(reply.getHeaders())) {
    if (OF_ONE_ANSWER.test(name)) reply.removeHeader(name)
  }
  try {
    const answer = error instanceof SessionError ? sessions.onError?.(error) : undefined
    // Hijacked: Fastify answers no more.
    if (reply.sent) return sendAnswer(reply.raw, answer ?? bareAnswer(error))
    if (answer === undefined) return next(error)
    void reply
      .code(answer.status)
      .headers(answer.headers ?? {})
      .send(answer.body)
  } catch (thrown) {
    next(thrown)
  }
}
