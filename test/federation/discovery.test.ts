import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { generateKey } from '../../src/cli/keygen.ts'
import { createSessions } from '../../src/sessions.ts'
import { memory } from '../../src/stores/memory.ts'
import { login } from '../../src/testing/index.ts'
import { needs } from '../support/needs.ts'
import { type Publisher, publisher } from '../verify/publisher.ts'
import { python, pythonPage } from './languages/python.ts'

/** Finds the metadata as Authlib says where they are, and the keys as the metadata say. */
const READER = `
import importlib, json, sys, urllib.request, jwt

protocol, issuer, token = sys.argv[1:]
place = importlib.import_module("authlib." + protocol).get_well_known_url
metadata = json.load(urllib.request.urlopen(place(issuer, external=True)))
assert metadata["issuer"] == issuer
key = jwt.PyJWKClient(metadata["jwks_uri"]).get_signing_key_from_jwt(token)
algorithms = metadata["id_token_signing_alg_values_supported"]
print(jwt.decode(token, key, algorithms=algorithms, issuer=issuer)["sub"])
`

async function app(path: string): Promise<{ server: Publisher; issuer: string; token: string }> {
  const server = await publisher((request, response) => sessions.wellKnown(request, response))
  const issuer = `${server.origin}${path}`
  const store = memory()
  const sessions = createSessions({ keys: generateKey(), issuer, discovery: true, store })
  return { server, issuer, token: (await login(sessions, { id: 'alice' })).value }
}

describe(
  'R30 discovery by Authlib and PyJWT',
  needs('Python', pythonPage.isInstalled(), 'test/federation/languages/toolchains/install'),
  () => {
    for (const protocol of ['oidc.discovery', 'oauth2.rfc8414']) {
      for (const path of ['', '/shop']) {
        test(`${protocol}, an issuer that ends in "${path}"`, async () => {
          const { server, issuer, token } = await app(path)
          const run = promisify(execFile)
          const { stdout } = await run(python, ['-c', READER, protocol, issuer, token])
          assert.equal(stdout, 'alice\n')
          assert.equal(server.requests.length, 2)
        })
      }
    }
  },
)
