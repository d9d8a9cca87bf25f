import {
  type Gateway,
  type Site,
  CLAIMS_HEADER,
  identityHeaders,
  lines,
  literally,
  refuseEdDSA,
} from './site.ts'

const SK = String.raw`\"sk\"[[:space:]]*:[[:space:]]*\"[^\"]*\"[[:space:]]*`
const SK_BEFORE_ANOTHER = `${SK},`
const SK_LAST = `,[[:space:]]*${SK}`

/** HAProxy from 2.6 on: `jwt_verify`, with keys read at start. */
export const haproxy: Gateway = (site) => {
  refuseEdDSA(site)
  const { cookie, issuer, keys, headers, origins, folder = '/etc/haproxy' } = site
  const others = origins.length > 1
  return {
    'haproxy.cfg': `defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s

frontend site
  bind ${site.listen}
  # A server that knows no dashes in names reads x_auth_request_user as the header itself.
${lines(identityHeaders(site), (name) => `  http-request del-header ^${name.replaceAll('-', '[-_]')}$ -m reg`)}\
  use_backend service if { path_beg /api/ }
  default_backend app

backend app
  server app ${site.app}

backend service
  # Browsers send cookies along with what other sites' pages ask for.
  acl own_origin req.fhdr(origin) -m str ${origins.join(' ')}
  acl own_page req.fhdr(sec-fetch-site) -m str same-origin none
  http-request deny deny_status 403 if { req.fhdr(origin) -m found } !own_origin
  http-request deny deny_status 403 if !{ method GET HEAD OPTIONS } !own_origin { req.fhdr(sec-fetch-site) -m found } !own_page
${others ? cors(site) : ''}\

  http-after-response set-header www-authenticate 'Cookie realm="session"' if { status 401 } !{ res.hdr(www-authenticate) -m found }
  # Of two cookies nobody knows which one is the app's.
  http-request deny deny_status 401 unless { req.cook_cnt(${cookie}) eq 1 }
  # HAProxy reads on behind a comma, where another host of the site may have hidden one.
  http-request deny deny_status 401 if { req.fhdr(cookie) -m reg ',[[:blank:]]*${literally(cookie)}[[:blank:]]*=' }
  http-request set-var(txn.token) req.cook(${cookie})
  http-request set-var(txn.kid) var(txn.token),jwt_header_query('$.kid')
  # A key is of one algorithm, whatever the token says.
${lines(keys, ({ kid, alg }) => `  http-request set-var(txn.genuine) var(txn.token),jwt_verify("${alg}","${folder}/${kid}.pem") if { var(txn.kid) -m str ${kid} }`)}\
  http-request deny deny_status 401 unless { var(txn.genuine) -m int 1 }
  http-request deny deny_status 401 unless { var(txn.token),jwt_payload_query('$.iss') -m str ${issuer} }
  # The same keys sign documents and tokens for single services, which are no sessions (sk), and
  # sessions of nobody (sub).
  http-request deny deny_status 401 unless { var(txn.token),jwt_payload_query('$.sk') -m len gt 0 } { var(txn.token),jwt_payload_query('$.sub') -m len gt 0 }
  http-request set-var(txn.now) date()
  http-request deny deny_status 401 unless { var(txn.token),jwt_payload_query('$.exp','int'),sub(txn.now) -m int gt 0 }

${lines(headers, ([name, claim]) => `  http-request set-header ${name} %[var(txn.token),jwt_payload_query('$.${claim}'),url_enc]`)}\
  http-request set-var(txn.claims) 'var(txn.token),field(2,.),ub64dec,regsub("${SK_BEFORE_ANOTHER}|${SK_LAST}","")'
  http-request deny deny_status 401 if { var(txn.claims) -m reg '"sk"[[:space:]]*:' }
  http-request set-header ${CLAIMS_HEADER} %[var(txn.claims),ub64enc]
  # Whoever has the cookie can be its user anywhere.
  http-request del-header cookie
  server service ${site.service}
`,
    ...Object.fromEntries(keys.map(({ kid, pem }) => [`${kid}.pem`, pem])),
  }
}

function cors({ origins: [, ...others] }: Site): string {
  return `  http-request set-var(txn.origin) req.fhdr(origin)
  acl other_origin var(txn.origin) -m str ${others.join(' ')}
  http-after-response add-header vary Origin
  http-after-response set-header access-control-allow-origin %[var(txn.origin)] if other_origin
  http-after-response set-header access-control-allow-credentials true if other_origin
  http-request return status 204 hdr access-control-allow-methods 'GET, HEAD, POST, PUT, PATCH, DELETE' hdr access-control-allow-headers content-type if { method OPTIONS } other_origin
`
}
