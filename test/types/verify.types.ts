// Compiled by `npm run types`, never run: what a service that only verifies is told by its types.
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { type IncomingMessage, createServer } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import { requireAuth } from '../../src/adapters/verify/express.ts'
import { requireAuth as requireFastify } from '../../src/adapters/verify/fastify.ts'
import { requireAuth as requireHono } from '../../src/adapters/verify/hono.ts'
import { requireAuth as requireKoa } from '../../src/adapters/verify/koa.ts'
import type * as verifying from '../../src/verify/index.ts'
import { type Verifier, createVerifier, defineFields } from '../../src/verify/index.ts'

interface User {
  readonly id: number
  readonly roles: readonly string[]
  readonly nickname?: string
}

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
type ClaimsOf<T> = T extends Verifier<infer Claims> ? Claims : never

const app = 'https://app.example'
const fields = defineFields<User>()([['id', 'uid', 'userId'], ['roles', 'r'], 'nickname'])

const byFields = createVerifier({ app, fields })
export const infersFields: Equal<
  ClaimsOf<typeof byFields>,
  { readonly sub: string } & {
    readonly uid: number
    readonly userId: number
    readonly r: readonly string[]
    readonly nickname?: string
  }
> = true

const byName = createVerifier<{ readonly uid: number }>({ app })
export const takesAType: Equal<
  ClaimsOf<typeof byName>,
  { readonly sub: string } & { readonly uid: number }
> = true

const plain = createVerifier({ app })
declare const request: Request
declare const incoming: IncomingMessage
declare const http2: Http2ServerRequest

export async function claims(): Promise<void> {
  for (const found of [await byFields(request), await byFields(incoming), await byFields(http2)]) {
    const uid: number | undefined = found?.uid
    void uid
  }
  const auth = await byFields({ cookie: undefined })
  // @ts-expect-error may be nobody
  void auth.uid
  // @ts-expect-error no field has this name
  void auth?.password
  // @ts-expect-error nobody can change what was verified
  if (auth !== undefined) auth.uid = 8
  const unknown: unknown = (await plain({ token: 'x' }))?.['anything']
  void unknown
  // @ts-expect-error what is not declared is not known
  const role: string = (await plain({ token: 'x' }))?.['role']
  void role

  const result = await byFields.check(incoming)
  if (result.reason === undefined) {
    const expires: number = result.expires
    const { sub }: { sub: string } = result.claims
    void [expires, sub]
  } else {
    const claimsOfNobody: undefined = result.claims
    void claimsOfNobody
    // @ts-expect-error no such reason
    if (result.reason === 'wrong') return
  }
  // @ts-expect-error a session opens nothing here
  void byFields({ session: 'x' })
}

createVerifier({ issuer: app, jwksUri: new URL(app) })
createVerifier({ issuer: app, keys: [{ kty: 'EC' }, '-----BEGIN PUBLIC KEY-----'] })
createVerifier({ issuer: app, secret: 'x', canAlsoIssue: true })
// @ts-expect-error said in so many words
createVerifier({ issuer: app, secret: 'x', canAlsoIssue: false })
// @ts-expect-error a misspelt option
createVerifier({ app, audiance: 'x' })
// @ts-expect-error a list of forms says nothing of types: defineFields does
createVerifier({ app, fields: ['uid'] })

// FED-01: nothing that signs, and nothing that could hold a session.
export const holdsNoMore: Equal<keyof typeof verifying, 'createVerifier' | 'defineFields'> = true

express().use('/api', requireAuth(byFields, { origins: ['https://page.example'] }))
express().get('/', requireAuth(plain), (req, res) => void res.json(req.auth?.sub))
createServer((req, res) => requireAuth(plain)(req, res, () => res.end()))
fastify().addHook('onRequest', requireFastify(byFields, { optional: true }))
fastify().get('/', { preHandler: requireFastify(byFields) }, async () => 'ok')
declare const ctx: Parameters<ReturnType<typeof requireKoa>>[0]
void (requireKoa(byFields)(ctx, async () => undefined) satisfies Promise<void>)
new Hono<{ Variables: { auth: Awaited<ReturnType<typeof byFields>> } }>()
  .use(requireHono(byFields, { origins: 'any' }))
  .get('/', (c) => c.text(String(c.get('auth')?.uid)))
// @ts-expect-error sessions are no verifier
requireAuth({ open: () => undefined })
