import { randomBytes } from 'node:crypto'
import type { RequestHandler } from 'express'
import type { RequestListener } from 'node:http'
import { expressApp } from '../hosts/express.ts'
import { load } from '../load.ts'

const COOKIE = 'token'

interface TokenRequest {
  readonly headers: { readonly cookie?: string | undefined }
  readonly auth?: { readonly sub: string }
}

/** A token that no server remembers: who the user is, and nothing else. */
export function app(): RequestListener {
  const { expressjwt } = load('express-jwt') as { expressjwt: (options: object) => RequestHandler }
  const { sign } = load('jsonwebtoken') as {
    sign: (claims: object, secret: string, options: object) => string
  }
  const secret = randomBytes(32).toString('hex')
  const options = { secret, algorithms: ['HS256'], credentialsRequired: false, getToken }
  return expressApp({
    mount: (express) => express.use(expressjwt(options)),
    words: {
      login(request, { id, roles }) {
        const token = sign({ uid: id, roles }, secret, { subject: id, expiresIn: '15m' })
        const attributes = { httpOnly: true, secure: true, sameSite: 'lax' } as const
        request.res!.cookie(COOKIE, token, attributes)
      },
      userId: (request) => (request as TokenRequest).auth?.sub,
      data: () => ({}),
    },
  })
}

function getToken({ headers: { cookie = '' } }: TokenRequest): string | undefined {
  return cookie.startsWith(`${COOKIE}=`) ? cookie.slice(COOKIE.length + 1) : undefined
}
