import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'
import { listen } from '../listen.ts'
import { LOGINS } from '../users.ts'
import { createApp } from './app.ts'
import { HOW_TO_GET_DJANGO, pythonWithDjango } from './python.ts'

const folder = process.env['DEMO_DATA'] ?? join(import.meta.dirname, '../../.symbolon')
const databaseFile = join(folder, 'django.sqlite3')

process.env['NODE_ENV'] = 'development'
const python = pythonWithDjango()
if (python === undefined) {
  console.error(`This demo needs Python with Django: ${HOW_TO_GET_DJANGO}`)
  process.exit(1)
}
mkdirSync(folder, { recursive: true, mode: 0o700 })
const secrets = readSecrets(join(folder, 'django.json'))

const server = createServer()
const origin = await listen(server, 'PORT', 3000)
const django = await freeAddress('DJANGO_PORT', 8000)
startSite(python)
await untilItAnswers(django)

const database = new DatabaseSync(databaseFile, { timeout: 5000 })
server.on('request', createApp({ origin, django, database, ...secrets }))
const logins = LOGINS.map(({ login, password }) => `${login.padEnd(8)}${password}`)
console.log(`
  Both halves   ${origin}
  Django alone  ${django}
  Node alone    ${origin}/half

  Log in as     ${logins.join(`\n${' '.repeat(16)}`)}

  Ctrl-C stops both.
`)

/** What Django and Node both know; made by the first start. */
function readSecrets(file: string): { secretKey: string; tokenKey: string } {
  if (!existsSync(file)) {
    const [secretKey, tokenKey] = [randomBytes(36), randomBytes(36)].map((bytes) =>
      bytes.toString('base64url'),
    )
    writeFileSync(file, JSON.stringify({ secretKey, tokenKey }), { mode: 0o600 })
  }
  return JSON.parse(readFileSync(file, 'utf8'))
}

async function freeAddress(variable: string, usual: number): Promise<string> {
  const probe = createServer()
  const address = await listen(probe, variable, usual)
  probe.close()
  await once(probe, 'close')
  return address
}

function startSite(command: string): void {
  const serve = join(import.meta.dirname, 'site/serve.py')
  const child = spawn(command, [serve, new URL(django).port], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      PYTHONPATH: join(import.meta.dirname, '../../python'),
      PYTHONDONTWRITEBYTECODE: '1',
      SECRET_KEY: secrets.secretKey,
      TOKEN_KEY: secrets.tokenKey,
      DATABASE: databaseFile,
      NODE_ORIGIN: origin,
      LOGINS: JSON.stringify(LOGINS.map(({ login, password, name }) => [login, password, name])),
    },
  })
  child.once('exit', () => process.exit(1))
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit())
  process.once('exit', () => child.kill())
}

/** Making the tables and hashing the passwords takes Django a few seconds. */
async function untilItAnswers(address: string): Promise<void> {
  while ((await fetch(address).catch(() => undefined)) === undefined) await setTimeout(100)
}
