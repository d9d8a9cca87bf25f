import { type Gateway, type Site, identityHeaders, lines } from './site.ts'

/** Caddy with `forward_auth`: the app is asked before each request (R34). */
export const caddy: Gateway = (site) => {
  const { listen, app, service, origins } = site
  const [, host, port] = /^(.*):(\d+)$/.exec(listen) as unknown as [string, string, string]
  const names = identityHeaders(site)
  const list = ['', ...origins].map((it) => `"${it}"`).join(', ')
  return {
    Caddyfile: `http://:${port} {
  bind ${host}
  # In the order of these lines: outside of route they would run after forward_auth.
  route {
    # A server that knows no dashes in names reads x_auth_request_user as the header itself.
${lines(removals(names), (name) => `    request_header -${name}`)}
    route /api/* {
      # Browsers send cookies along with what other sites' pages ask for.
      @foreign expression \`!({header.Origin} in [${list}]) || ({header.Origin} == "" && !({method} in ["GET", "HEAD", "OPTIONS"]) && !({header.Sec-Fetch-Site} in ["", "same-origin", "none"]))\`
      respond @foreign 403
${origins.length > 1 ? cors(site) : ''}\
      forward_auth ${app} {
        uri /verify
        copy_headers ${names.join(' ')}
      }
      reverse_proxy ${service} {
        # Whoever has the cookie can be its user anywhere.
        header_up -Cookie
      }
    }
    reverse_proxy ${app}
  }
}
`,
  }
}

/** Each name, and whatever begins like it with an underscore for a dash. */
function removals(names: readonly string[]): string[] {
  const underscored = names.flatMap((name) =>
    [...name.matchAll(/-/g)].map(({ index }) => `${name.slice(0, index)}_*`),
  )
  return [...names, ...new Set(underscored)]
}

function cors({ origins: [, ...others] }: Site): string {
  return `      @other expression \`{header.Origin} in [${others.map((it) => `"${it}"`).join(', ')}]\`
      header +Vary Origin
      header @other Access-Control-Allow-Origin {header.Origin}
      header @other Access-Control-Allow-Credentials true
      header @other Access-Control-Allow-Methods "GET, HEAD, POST, PUT, PATCH, DELETE"
      header @other Access-Control-Allow-Headers content-type
      @preflight method OPTIONS
      respond @preflight 204
`
}
