import {
  type Gateway,
  type Site,
  CLAIMS_HEADER,
  identityHeaders,
  lines,
  literally,
} from './site.ts'

/** Envoy with `jwt_authn`: part of a listener's filter chain, and the clusters. */
export const envoy: Gateway = (site) => {
  const { issuer, cookie, headers, app, service } = site
  return {
    'envoy.yaml': `filters:
- name: envoy.filters.network.http_connection_manager
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
    stat_prefix: site
    normalize_path: true
    merge_slashes: true
    early_header_mutation_extensions: # what clients say of themselves
    - name: envoy.http.early_header_mutation.header_mutation
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation
        mutations:
${lines(identityHeaders(site), (name) => `        - remove: ${name}`)}\
    common_http_protocol_options: { headers_with_underscores_action: DROP_HEADER }
    http_filters:
    - name: envoy.filters.http.jwt_authn
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication
        providers:
          session: # each key of the JWKS names its alg
            issuer: ${issuer}
            from_cookies: [${cookie}]
            require_expiration: true
            clock_skew_seconds: 30
            remote_jwks:
              http_uri: { uri: "${new URL('/.well-known/jwks.json', issuer).href}", cluster: app, timeout: 5s }
              cache_duration: 300s
            payload_in_metadata: claims
            claim_to_headers:
${lines(headers, ([name, claim]) => `            - { header_name: ${name}, claim_name: ${claim} }`)}\
        rules:
        - match: { prefix: /api/ }
          requires: { provider_name: session }
    - name: envoy.filters.http.rbac
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC
        rules:
          action: DENY
          policies:
            refused:
              principals: [{ any: true }]
              permissions:
              # Documents and tokens for single services, which are no sessions, and sessions of nobody.
              - not_rule: ${said('sk')}
              - not_rule: ${said('sub')}
              # Of two cookies nobody knows which one is the app's.
              - ${matched('cookie', `.*${literally(cookie)}=.*${literally(cookie)}=.*`)}
              # What other sites' pages ask for.
              - and_rules: { rules: [${matched('origin', '.+')}, not_rule: ${matched('origin', site.origins.map(literally).join('|'))}] }
              - and_rules: { rules: [not_rule: ${matched('origin', '.+')}, ${matched('sec-fetch-site', '(cross|same)-site')}, not_rule: ${matched(':method', 'GET|HEAD|OPTIONS')}] }
    - name: envoy.filters.http.router
      typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }
    route_config:
      virtual_hosts:
      - name: site
        domains: ["*"]
        routes:
        - match: { prefix: /api/ }
          request_headers_to_remove: [cookie] # whoever has it can be its user anywhere
          route: { cluster: service } # ${service}
        - match: { prefix: / }
          route: { cluster: app } # ${app}
          typed_per_filter_config:
            envoy.filters.http.rbac: { "@type": type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBACPerRoute }
`,
  }
}

function said(name: string): string {
  return `{ metadata: { filter: envoy.filters.http.jwt_authn, path: [{ key: claims }, { key: ${name} }], value: { string_match: { safe_regex: { regex: ".+" } } } } }`
}

function matched(name: string, regex: string): string {
  return `{ header: { name: "${name}", string_match: { safe_regex: { regex: '${regex}' } } } }`
}

/** For a mesh: without its `Sidecar` or `Gateway`, which every site names otherwise. */
export const istio: Gateway = ({ issuer, cookie, headers, origins }: Site) => ({
  'istio.yaml': `# It cannot tell two cookies of one name: let the service read the headers alone, and drop the cookie
# where requests are routed to it (VirtualService, headers.request.remove: [cookie]).
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: session }
spec:
  selector: { matchLabels: { app: service } }
  jwtRules:
  - issuer: ${issuer}
    jwksUri: ${new URL('/.well-known/jwks.json', issuer).href}
    fromCookies: [${cookie}]
    outputClaimToHeaders: # replaces those of clients
${lines(headers, ([name, claim]) => `    - { header: ${name}, claim: ${claim} }`)}\
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: session }
spec:
  selector: { matchLabels: { app: service } }
  rules:
  - from: [{ source: { requestPrincipals: ["${issuer}/*"] } }]
    when:
    - { key: "request.auth.claims[sk]", values: ["*"] }
    - { key: "request.auth.claims[sub]", values: ["*"] }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: refused }
spec:
  selector: { matchLabels: { app: service } }
  action: DENY
  rules:
  - when: [{ key: "request.headers[origin]", values: ["*"], notValues: [${origins.map((it) => `"${it}"`).join(', ')}] }]
  - to: [{ operation: { notMethods: [GET, HEAD, OPTIONS] } }]
    when:
    - { key: "request.headers[origin]", notValues: ["*"] }
    - { key: "request.headers[sec-fetch-site]", values: [cross-site, same-site] }
  - when: [{ key: "request.headers[${CLAIMS_HEADER}]", values: ["*"] }] # nobody here would replace it
---
# A server that knows no dashes in names reads x_auth_request_user as the header itself.
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: { name: no-underscores }
spec:
  workloadSelector: { labels: { app: service } }
  configPatches:
  - applyTo: NETWORK_FILTER
    match:
      context: SIDECAR_INBOUND
      listener: { filterChain: { filter: { name: envoy.filters.network.http_connection_manager } } }
    patch:
      operation: MERGE
      value:
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          common_http_protocol_options: { headers_with_underscores_action: REJECT_REQUEST }
`,
})
