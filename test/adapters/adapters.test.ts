import connect from 'connect'
import express from 'express'
import express4 from 'express4'
import fastify, { type FastifyReply } from 'fastify'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import { Readable } from 'node:stream'
import { sessionMiddleware } from '../../src/adapters/express.ts'
import { sessionPlugin } from '../../src/adapters/fastify.ts'
import { withSession as withFetchSession } from '../../src/adapters/fetch.ts'
import { withSession } from '../../src/adapters/node.ts'
import type { Sessions } from '../../src/sessions.ts'
import {
  type SuiteAnswer,
  type SuiteApp,
  type SuiteContext,
  testAdapter,
} from '../../src/testing/adapter-suite.ts'
import { listen, listenHttp2, sendFailure, sendPlain } from './serving.ts'

for (const [name, create] of Object.entries({ 'Express 5': express, 'Express 4': express4 })) {
  testAdapter(name, (sessions, routes) => {
    const app = create()
    app.use(sessionMiddleware(sessions))
    for (const [path, route] of Object.entries(routes)) {
      app.all(path, async (req, res, next) => {
        try {
          await sendExpress(res, await route(req))
        } catch (error) {
          next(error)
        }
      })
    }
    return listen(app)
  })
}

testAdapter('Fastify', async (sessions, routes) => {
  const app = fastify({ forceCloseConnections: true })
  await app.register(sessionPlugin, { sessions })
  for (const [path, route] of Object.entries(routes)) {
    app.route({
      method: ['GET', 'POST', 'OPTIONS'],
      url: path,
      handler: async (request, reply) => sendFastify(reply, await route(request)),
    })
  }
  return { url: await app.listen({ host: '127.0.0.1', port: 0 }), close: () => app.close() }
})

testAdapter('Connect', (sessions, routes) => {
  const app = connect()
  app.use(sessionMiddleware(sessions))
  app.use((request, response, next) => {
    answer(routes, request as never, response).catch(next)
  })
  return listen(app)
})

testAdapter('node:http', (sessions, routes) => {
  return listen(
    withSession(sessions, (request, response) => {
      answer(routes, request, response).catch((error: unknown) => sendFailure(response, error))
    }),
  )
})

testAdapter('node:http2', (sessions, routes) => {
  return listenHttp2(
    withSession(sessions, (request, response) => {
      answer(routes, request, response).catch((error: unknown) => sendFailure(response, error))
    }),
  )
})

testAdapter('fetch', (sessions, routes) => {
  const handle = fetchHandler(sessions, routes)
  return listen((request, response) => {
    handle(toRequest(request)).then(
      (answered) => sendResponse(response, answered),
      (error: unknown) => sendFailure(response, error),
    )
  })
})

async function answer(
  routes: SuiteApp,
  request: { url?: string | undefined } & SuiteContext,
  response: ServerResponse | Http2ServerResponse,
): Promise<void> {
  await sendPlain(response, await routes[pathOf(request.url ?? '')]!(request))
}

/** As an Express app would say it. */
async function sendExpress(res: express.Response, given: SuiteAnswer): Promise<void> {
  const { status = 200, headers = [], body } = given
  const location = headers.find(([name]) => name === 'Location')?.[1]
  if (location !== undefined) return res.redirect(status, location)
  if (typeof body === 'object') return sendPlain(res, given)
  res.status(status)
  for (const [name, value] of headers) res.append(name, value)
  if (body === undefined) res.end()
  else res.send(body)
}

/** As a Fastify app would say it; what is to be flushed goes past Fastify. */
async function sendFastify(reply: FastifyReply, given: SuiteAnswer): Promise<unknown> {
  const { status = 200, headers = [], body, flush = false } = given
  if (flush) return sendPlain(reply.hijack().raw, given)
  void reply.code(status)
  for (const [name, value] of headers) void reply.header(name, value)
  return reply.send(typeof body === 'object' ? Readable.from(body) : body)
}

function fetchHandler(
  sessions: Sessions,
  routes: SuiteApp,
): (request: Request) => Promise<Response> {
  return withFetchSession(sessions, async (request, context) => {
    const {
      status = 200,
      headers = [],
      body,
    } = await routes[new URL(request.url).pathname]!(context)
    const stream = typeof body === 'object' ? Readable.toWeb(Readable.from(body)) : body
    const list = headers.map(([name, value]): [string, string] => [name, value])
    return new Response(
      status === 204 || status === 304
        ? null
        : (stream as ConstructorParameters<typeof Response>[0]),
      {
        status,
        headers: list,
      },
    )
  })
}

function toRequest(request: IncomingMessage): Request {
  const { method = 'GET', headers, url = '/' } = request
  const list = Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((text): [string, string] => [name, text]),
  )
  return new Request(`http://app.example${url}`, { method, headers: list })
}

function sendResponse(response: ServerResponse, { status, headers, body }: Response): void {
  response.statusCode = status
  for (const [name, value] of headers) response.appendHeader(name, value)
  if (body === null) response.end()
  else Readable.fromWeb(body as never).pipe(response)
}

function pathOf(url: string): string {
  return url.split('?')[0]!
}
