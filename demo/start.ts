import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { createApp } from './app.ts'
import { listen } from './listen.ts'
import { LOGINS } from './users.ts'

const { DEMO_TOKEN_LIFE = '60', DEMO_DATA } = process.env
const folder = DEMO_DATA ?? join(import.meta.dirname, '../.symbolon')
const command = join(import.meta.dirname, '../dist/cli/main.js')
const keyFile = join(folder, 'demo.key.json')

// Over http, on this computer: the cookie is not Secure, and has no prefix that asks for it.
process.env['NODE_ENV'] = 'development'
mkdirSync(folder, { recursive: true, mode: 0o700 })
if (!existsSync(keyFile)) execFileSync(process.execPath, [command, 'keygen', keyFile])

const server = createServer()
const origin = await listen(server, 'PORT', 3000)
const neighbour = fork(join(import.meta.dirname, 'service.ts'), {
  env: { ...process.env, APP_ORIGIN: origin },
})
neighbour.once('exit', () => process.exit(1))
const [service] = await once(neighbour, 'message')

server.on('request', createApp({ origin, service, folder, tokenLife: Number(DEMO_TOKEN_LIFE) }))
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit())

const logins = LOGINS.map(({ login, password }) => `${login.padEnd(8)}${password}`)
console.log(`
  The app       ${origin}
  The service   ${service}   another process, with the public key alone

  Log in as     ${logins.join(`\n${' '.repeat(16)}`)}

  Ctrl-C stops both.
`)
