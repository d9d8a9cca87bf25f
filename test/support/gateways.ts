// Gateways of their own for tests: the programs of the Debian packages, with a configuration that
// the command `symbolon gateway` wrote, and around it only what such a program needs to start.
import { globSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gatewayCommand } from '../../src/cli/gateway.ts'
import { kind, LOOPBACK, type RunningServer, type ServerKind } from './servers.ts'

interface Program {
  readonly from: string
  readonly program: string
  /** What it begins to read. */
  readonly file: string
  readonly values: (file: string, folder: string) => readonly string[]
  /** What it prints when it answers. */
  readonly ready: RegExp
  /** The text of that file where the site's own is to be included there. */
  readonly around?: (folder: string) => string
  /** A file without which it cannot be. */
  readonly needs?: string
  /** What makes it read its configuration again. */
  readonly reload?: NodeJS.Signals
}

const NGINX_MODULES = '/usr/lib/nginx/modules'
const APACHE_MODULES = '/usr/lib/apache2/modules'

const nginx: Program = {
  from: 'nginx',
  program: 'nginx',
  file: 'main.conf',
  reload: 'SIGHUP',
  values: (file, folder) => ['-p', folder, '-e', 'stderr', '-c', file],
  ready: /using the "epoll" event method/,
  around: (folder) => `
daemon off;
pid ${folder}/pid;
error_log stderr notice;
events { }
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((it) => `${it}_temp_path ${folder}/${it};`).join(' ')}
  include ${folder}/site.conf;
}
`,
}

const PROGRAMS = {
  haproxy: {
    from: 'haproxy',
    program: 'haproxy',
    file: 'haproxy.cfg',
    values: (file) => ['-W', '-db', '-f', file],
    ready: /Loading success/,
    reload: 'SIGUSR2',
  },
  nginx,
  'nginx-njs': {
    ...nginx,
    from: 'nginx libnginx-mod-http-js',
    needs: `${NGINX_MODULES}/ngx_http_js_module.so`,
    around: (folder) =>
      `load_module ${NGINX_MODULES}/ngx_http_js_module.so;${nginx.around!(folder)}`,
  },
  caddy: {
    from: 'caddy',
    program: 'caddy',
    file: 'main.caddy',
    values: (file) => ['run', '--config', file, '--adapter', 'caddyfile'],
    ready: /serving initial configuration/,
    around: (folder) => `{\n  admin off\n}\nimport ${folder}/Caddyfile\n`,
  },
  apache: {
    from: 'apache2 libapache2-mod-auth-openidc',
    program: 'apache2',
    needs: `${APACHE_MODULES}/mod_auth_openidc.so`,
    file: 'main.conf',
    values: (file) => ['-DFOREGROUND', '-f', file],
    ready: /resuming normal operations/,
    around: (folder) => `
ServerRoot ${folder}
ServerName localhost
DefaultRuntimeDir ${folder}
PidFile ${folder}/pid
ErrorLog "|/bin/cat"
LogLevel notice
${APACHE.map((it) => `LoadModule ${it}_module ${APACHE_MODULES}/mod_${it}.so`).join('\n')}
OIDCCABundlePath ${folder}/authority.pem
Include ${folder}/site.conf
`,
  },
} satisfies Record<string, Program>

export type GatewayName = keyof typeof PROGRAMS

const APACHE =
  'mpm_event authn_core authz_core auth_openidc headers proxy proxy_http rewrite setenvif'.split(
    ' ',
  )

export interface GatewayKind extends ServerKind {
  start(): Promise<RunningGateway>
}

export interface RunningGateway extends RunningServer {
  /** Runs the command again, over what it wrote, and makes the program read it. */
  configureAgain(): Promise<void>
}

/**
 * @param authority the certificate that the app's https is to be trusted by
 * @param args of `symbolon gateway <name>`, besides `--listen` and `--out`
 */
export function gateway(
  name: GatewayName,
  authority: string,
  args: readonly string[],
): GatewayKind {
  const recipe: Program = PROGRAMS[name]
  const found = recipe.needs === undefined || globSync(recipe.needs).length > 0
  let configure = (): void => undefined
  const program = kind({
    name,
    from: recipe.from,
    program: found ? recipe.program : 'no-such-program',
    ready: recipe.ready,
    stop: 'SIGTERM',
    values(port, folder) {
      configure = () =>
        void gatewayCommand.run([name, ...args, '--listen', `${LOOPBACK}:${port}`, '--out', folder])
      configure()
      const file = join(folder, recipe.file)
      if (recipe.around) writeFileSync(file, recipe.around(folder))
      writeFileSync(join(folder, 'authority.pem'), authority)
      return recipe.values(file, folder)
    },
  })
  return {
    ...program,
    async start() {
      const server = await program.start()
      const configureAgain = (): Promise<void> => {
        configure()
        return server.reload(recipe.reload!)
      }
      return { ...server, configureAgain }
    },
  }
}
