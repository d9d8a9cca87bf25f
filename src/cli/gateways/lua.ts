import { type Gateway, type Site, identityHeaders, lines } from './site.ts'

/** Kong with its `jwt` plugin, and functions for what that does not check. */
export const kong: Gateway = (site) => ({
  'kong.yaml': `_format_version: "3.0"
consumers:
- username: app
  jwt_secrets: # one for each key of the ring
${lines(site.keys, ({ kid, alg, pem }) => `  - { key: ${kid}, algorithm: ${alg}, rsa_public_key: ${JSON.stringify(pem)} }`)}\
services:
- name: app
  url: http://${site.app}
  routes: [{ name: app, paths: [/] }]
- name: service
  url: http://${site.service}
  routes: [{ name: service, paths: [/api/], strip_path: false }]
  plugins:
  - name: pre-function
    config:
      access:
      - |
${lua(site, (name) => `kong.service.request.clear_header("${name}")`, 'return kong.response.exit')}\
  - name: jwt
    config:
      cookie_names: [${site.cookie}]
      header_names: []
      uri_param_names: []
      key_claim_name: kid
      claims_to_verify: [exp]
  - name: post-function # untrusted_lua_sandbox_requires must name kong.plugins.jwt.jwt_parser
    config:
      access:
      - |
        local token = kong.ctx.shared.authenticated_jwt_token
        local claims = require("kong.plugins.jwt.jwt_parser"):new(token).claims
        -- The same keys sign documents and tokens for single services, which are no sessions (sk), and
        -- sessions of nobody (sub).
        local session = type(claims.sk) == "string" and type(claims.sub) == "string"
        if not session or claims.iss ~= "${site.issuer}" then return kong.response.exit(401) end
${lines(site.headers, ([name, claim]) => `        kong.service.request.set_header("${name}", ngx.escape_uri(tostring(claims.${claim} or "")))`)}\
        kong.service.request.clear_header("cookie") -- whoever has it can be its user anywhere
`,
})

/** APISIX with `forward-auth`: the app is asked before each request (R34). */
export const apisix: Gateway = (site) => ({
  'apisix.yaml': `routes:
- uri: /*
  upstream: { nodes: { "${site.app}": 1 } }
- uri: /api/*
  upstream: { nodes: { "${site.service}": 1 } }
  plugins:
    serverless-pre-function:
      phase: rewrite
      functions:
      - |
        return function()
${lua(site, (name) => `ngx.req.clear_header("${name}")`, 'ngx.exit')}\
        end
    forward-auth:
      uri: http://${site.app}/verify
      request_headers: [Cookie]
      upstream_headers: [${identityHeaders(site).join(', ')}]
      client_headers: [WWW-Authenticate]
    serverless-post-function: # whoever has the cookie can be its user anywhere
      phase: access
      functions: ['return function() ngx.req.clear_header("cookie") end']
#END
`,
})

/** Removes what clients say of themselves, and refuses two cookies and what other sites' pages ask for. */
function lua(site: Site, remove: (name: string) => string, exit: string): string {
  const list = site.origins.map((it) => `["${it}"] = true`).join(', ')
  const names = identityHeaders(site)
  const cookie = `${site.cookie.toLowerCase().replaceAll(/[-.]/g, '%$&')}%s*=`
  return `${lines(names, (name) => `        ${remove(name)}`)}\
        local headers, method = ngx.req.get_headers(0), ngx.req.get_method()
        -- A server that knows no dashes in names reads x_auth_request_user as the header itself.
        local identity = { ${names.map((name) => `["${name}"] = true`).join(', ')} }
        for name in pairs(headers) do
          if name:find("_", 1, true) and identity[name:gsub("_", "-")] then ${exit}(400) end
        end
        local function text(name) local it = headers[name]; return type(it) == "table" and table.concat(it, "; ") or it or "" end
        local own = ({ ${list} })[text("origin")]
        local safe = method == "GET" or method == "HEAD" or method == "OPTIONS"
        local foreign = text("sec-fetch-site") == "cross-site" or text("sec-fetch-site") == "same-site"
        if not own and (text("origin") ~= "" or (foreign and not safe)) then ${exit}(403) end
        -- nginx reads on behind a comma, and any case: another host of the site may have hidden one there.
        local cookies = text("cookie"):lower()
        if cookies:find(",%s*${cookie}") or select(2, cookies:gsub("${cookie}", "")) > 1 then ${exit}(401) end
`
}
