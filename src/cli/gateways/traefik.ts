import { type Gateway, identityHeaders, lines, literally } from './site.ts'

/** Traefik 3 with ForwardAuth: the app is asked before each request (R34). */
export const traefik: Gateway = (site) => {
  const names = identityHeaders(site)
  const origins = site.origins.map(literally).join('|')
  return {
    'traefik.yaml': `http:
  routers:
    app:
      rule: PathPrefix(\`/\`)
      priority: 1
      middlewares: [nobody]
      service: app
    # Pages of other sites come to the app, which has no such path.
    service:
      rule: PathPrefix(\`/api/\`) && (HeaderRegexp(\`Origin\`, \`^(${origins})$\`) || (!HeaderRegexp(\`Origin\`, \`.\`) && (Method(\`GET\`) || Method(\`HEAD\`) || Method(\`OPTIONS\`) || !HeaderRegexp(\`Sec-Fetch-Site\`, \`^(cross|same)-site$\`))))
      priority: 2
      middlewares: [nobody, session, no-cookie]
      service: service
  middlewares:
    nobody:
      headers:
        # A server that knows no dashes in names reads x_auth_request_user as the header itself.
        customRequestHeaders:
${lines(names.flatMap(spellings), (name) => `          ${name}: ""`)}\
    session:
      forwardAuth:
        address: http://${site.app}/verify
        authResponseHeaders: [${names.join(', ')}]
    no-cookie: # whoever has it can be its user anywhere
      headers:
        customRequestHeaders:
          Cookie: ""
  services:
    app: { loadBalancer: { servers: [{ url: "http://${site.app}" }] } }
    service: { loadBalancer: { servers: [{ url: "http://${site.service}" }] } }
`,
  }
}

/** With a dash or an underscore at each place: it can only remove a header by its whole name. */
function spellings(name: string): string[] {
  const [first = '', ...words] = name.split('-')
  return words.reduce(
    (begun, word) => begun.flatMap((it) => [`${it}-${word}`, `${it}_${word}`]),
    [first],
  )
}
