import { createServer } from 'node:http'
import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload } from 'jose'
import { listen } from './listen.ts'

/** The app's address: where the public key is, who may ask from a browser, and who must have signed. */
const app = process.env['APP_ORIGIN'] ?? 'http://localhost:3000'

// #region the service's part
const jwks = new URL('/.well-known/jwks.json', app)
const keys = createRemoteJWKSet(jwks)
const SESSION = /(?:^|; )session=([^;]+)/

async function whoAsks(cookies: string): Promise<JWTPayload> {
  const token = SESSION.exec(cookies)?.[1]
  if (token === undefined) throw new errors.JWTInvalid('no cookie')
  const { payload } = await jwtVerify(token, keys, {
    issuer: app,
    algorithms: ['ES256'],
    requiredClaims: ['sub', 'exp'],
  })
  return payload
}
// #endregion

const HEADERS = {
  'content-type': 'application/json',
  'cache-control': 'no-store',
  // The app's page may ask from the browser, cookie included, and no other page may.
  'access-control-allow-origin': app,
  'access-control-allow-credentials': 'true',
  vary: 'Origin',
}

async function answer(cookies: string): Promise<{ status: number; body: object }> {
  try {
    const { uid, n, r, exp = 0 } = await whoAsks(cookies)
    const secondsLeft = Math.ceil(exp - Date.now() / 1000)
    return { status: 200, body: { userId: uid, name: n, roles: r, secondsLeft } }
  } catch (error) {
    const because = error instanceof errors.JOSEError ? error.message : 'the key cannot be had'
    return { status: 401, body: { because } }
  }
}

const server = createServer((request, response) => {
  void answer(request.headers.cookie ?? '').then(({ status, body }) =>
    response.writeHead(status, HEADERS).end(JSON.stringify(body, null, 2)),
  )
})
const origin = await listen(server, 'SERVICE_PORT', 3001)
process.send?.(origin)
// Ends along with the process that started it, however that one ends.
process.once('disconnect', () => process.exit())
