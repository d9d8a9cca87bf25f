import { type Gateway, type Site, identityHeaders, lines, literally, refuseEdDSA } from './site.ts'

/** Apache with mod_auth_openidc as a resource server: the keys are fetched from the app. */
export const apache: Gateway = (site) => {
  refuseEdDSA(site)
  const { listen, app, service, issuer, cookie, headers, origins } = site
  const names = identityHeaders(site)
  const any = origins.map(literally).join('|')
  return {
    'site.conf': `# a2enmod auth_openidc headers proxy_http rewrite
Listen ${listen}
<VirtualHost ${listen}>
  OIDCOAuthVerifyJwksUri ${new URL('/.well-known/jwks.json', issuer).href}
  OIDCOAuthAcceptTokenAs cookie:${cookie}
  OIDCPassClaimsAs environment
  # Without it a token that was accepted once is accepted from a cache.
  OIDCOAuthTokenIntrospectionInterval -1

  # A server that knows no dashes in names reads x_auth_request_user as the header itself.
  SetEnvIfNoCase "^(?=.*_)(${names.map((name) => name.replaceAll('-', '[-_]')).join('|')})$" . spoofed
  RewriteEngine On
  RewriteCond %{ENV:spoofed} 1
  RewriteRule ^ - [R=400]
${lines(names, (name) => `  RequestHeader unset ${name}`)}
  # Browsers send cookies along with what other sites' pages ask for.
  RewriteCond "%{HTTP:Origin} %{REQUEST_METHOD} %{HTTP:Sec-Fetch-Site}" "!^((${any}) | (GET|HEAD|OPTIONS) | [A-Z]+ (same-origin|none)?$)"
  RewriteRule ^/api/ - [F]
  # Of two cookies nobody knows which one is the app's.
  RewriteCond %{HTTP:Cookie} "${literally(cookie)}=.*${literally(cookie)}="
  RewriteRule ^/api/ - [R=401]
${origins.length > 1 ? cors(site) : ''}\

  <Location />
    ProxyPass http://${app}/
  </Location>
  <Location /api/>
    AuthType oauth20
    <RequireAll>
      Require claim "iss:${issuer}"
      # The same keys sign documents and tokens for single services, which are no sessions (sk), and
      # sessions of nobody (sub).
      Require claim "sk~."
      Require claim "sub~."
    </RequireAll>
${lines(headers, ([name, claim]) => `    RequestHeader set ${name} "expr=%{escape:%{reqenv:OIDC_CLAIM_${claim}}}"`)}\
    # Whoever has the cookie can be its user anywhere.
    RequestHeader unset Cookie
    ProxyPass http://${service}/api/
  </Location>
</VirtualHost>
`,
  }
}

function cors({ origins: [, ...others] }: Site): string {
  const any = others.map(literally).join('|')
  return `  SetEnvIf Origin "^(${any})$" other_origin=$1
  Header always merge Vary Origin
  Header always set Access-Control-Allow-Origin "%{other_origin}e" env=other_origin
  Header always set Access-Control-Allow-Credentials true env=other_origin
  Header always set Access-Control-Allow-Methods "GET, HEAD, POST, PUT, PATCH, DELETE" env=other_origin
  Header always set Access-Control-Allow-Headers content-type env=other_origin
  RewriteCond %{REQUEST_METHOD} OPTIONS
  RewriteRule ^/api/ - [R=204]
`
}
