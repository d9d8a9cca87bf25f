import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createKeyRing } from '../token/key-ring.ts'
import { type Command, readArguments } from './command.ts'
import { apache } from './gateways/apache.ts'
import { caddy } from './gateways/caddy.ts'
import { envoy, istio } from './gateways/envoy.ts'
import { haproxy } from './gateways/haproxy.ts'
import { apisix, kong } from './gateways/lua.ts'
import { nginxNjs } from './gateways/nginx-njs.ts'
import { nginx } from './gateways/nginx.ts'
import type { Files, Gateway, PublicKey, Site } from './gateways/site.ts'
import { traefik } from './gateways/traefik.ts'
import { pemOf } from './keys.ts'

/** Those that the tests run, and those that are written from their documentation alone. */
export const GATEWAYS: Readonly<Record<'run' | 'notRun', Readonly<Record<string, Gateway>>>> = {
  run: { haproxy, nginx, 'nginx-njs': nginxNjs, caddy, apache },
  notRun: { envoy, istio, traefik, kong, apisix },
}

const OPTIONS = {
  issuer: { type: 'string', default: 'https://app.example' },
  origin: { type: 'string', multiple: true },
  cookie: { type: 'string', default: '__Host-session' },
  header: { type: 'string', multiple: true },
  keys: { type: 'string' },
  app: { type: 'string', default: 'http://127.0.0.1:3000' },
  service: { type: 'string', default: 'http://127.0.0.1:4000' },
  listen: { type: 'string', default: '127.0.0.1:8080' },
  out: { type: 'string' },
} as const

export const gatewayCommand: Command = {
  usage: `  symbolon gateway <name>           prints a configuration: the service at /api/ for users alone, the app at /
                                    ${Object.keys(GATEWAYS.run).join(', ')};
                                    not run by our tests: ${Object.keys(GATEWAYS.notRun).join(', ')}
      --issuer <url>, --cookie <name>, --app <url>, --service <url>, --listen <host:port>
      --origin <url>                whose pages may call the service besides the issuer's; as often as needed
      --header <name>=<claim>       what the service is told; default x-auth-request-user=sub
      --keys <file>                 the app's key or ring file, for gateways that fetch no keys
      --out <folder>                writes the files there, over what they were, instead of printing
`,
  run(args) {
    const { positionals, values } = readArguments(args, OPTIONS, 1)
    const files = gatewayNamed(positionals[0])(siteOf(values))
    if (values.out === undefined) return printed(files)
    mkdirSync(values.out, { recursive: true })
    for (const [name, text] of Object.entries(files)) writeFileSync(join(values.out, name), text)
    return `Wrote ${Object.keys(files).join(', ')} to ${values.out}.\n`
  },
}

function gatewayNamed(name = ''): Gateway {
  const notRun = Object.entries(GATEWAYS.notRun).map(
    ([it, gateway]) => [it, marked(gateway)] as const,
  )
  const found = new Map<string, Gateway>([...Object.entries(GATEWAYS.run), ...notRun]).get(name)
  if (found === undefined) throw new Error('gateway needs the name of one; see --help')
  return found
}

const NOT_RUN = '# Written from its documentation; our tests do not run it.\n'

function marked(gateway: Gateway): Gateway {
  return (site) =>
    Object.fromEntries(Object.entries(gateway(site)).map(([file, text]) => [file, NOT_RUN + text]))
}

type Values = ReturnType<typeof readArguments<typeof OPTIONS>>['values']

/** What ends up in a configuration may not say more there than is meant. */
function siteOf({ keys, out, cookie, listen, ...values }: Values): Site {
  const issuer = checked(values.issuer, /^https?:\/\/[\w.:/-]+$/, '--issuer')
  const others = (values.origin ?? []).map((it) => checked(it, /^https?:\/\/[\w.:-]+$/, '--origin'))
  return {
    issuer,
    origins: [new URL(issuer).origin, ...others],
    cookie: checked(cookie, /^[\w.-]+$/, '--cookie'),
    listen: checked(listen, /^[\w.*-]+:\d+$/, '--listen'),
    app: hostOf(values.app, '--app'),
    service: hostOf(values.service, '--service'),
    headers: (values.header ?? ['x-auth-request-user=sub']).map((it) => {
      const [name = '', claim = ''] = checked(it, /^[\w-]+=\w+$/, '--header').split('=')
      return [name.toLowerCase(), claim] as const
    }),
    keys: keys === undefined ? [PLACEHOLDER] : publicKeys(keys),
    folder: out === undefined ? undefined : resolve(out),
  }
}

function hostOf(url: string, name: string): string {
  return checked(url, /^http:\/\/[\w.-]+:\d+$/, name).slice('http://'.length)
}

function checked(value: string, form: RegExp, name: string): string {
  if (form.test(value)) return value
  throw new Error(`${name} does not have the form it should; see --help`)
}

const PLACEHOLDER: PublicKey = { kid: 'KID', alg: 'ES256', pem: 'SPKI' }

function publicKeys(file: string): PublicKey[] {
  const { keys } = createKeyRing({ file }).trusted.jwks()
  return keys.map((jwk) => ({ kid: jwk.kid, alg: jwk.alg, pem: pemOf(jwk) }))
}

/** Keys are not to be pasted. */
function printed(files: Files): string {
  const texts = Object.entries(files).filter(([name]) => !name.endsWith('.pem'))
  if (texts.length === 1) return texts.map(([, text]) => text).join('')
  return texts.map(([name, text]) => `# ${name}\n${text}`).join('\n')
}
