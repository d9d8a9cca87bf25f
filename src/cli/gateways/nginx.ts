import { type Gateway, type Site, identityHeaders, lines, literally } from './site.ts'

/** nginx with `auth_request`: the app is asked before each request (R34). */
export const nginx: Gateway = (site) => ({
  'site.conf': nginxSite(site, {
    head: '',
    check: `    proxy_pass http://${site.app}/verify;
    proxy_pass_request_body off;
    proxy_set_header Content-Length "";
    proxy_set_header X-Forwarded-Method $request_method;
    proxy_set_header X-Forwarded-Uri $request_uri;
`,
  }),
})

/**
 * A site of nginx, to be included within `http { }`.
 *
 * @param check what answers whether a request has a user, and who it is
 */
export function nginxSite(site: Site, { head, check }: { head: string; check: string }): string {
  const [own, ...others] = site.origins
  const names = identityHeaders(site)
  const any = [own, ...others].map(literally).join('|')
  return `${head}# Browsers send cookies along with what other sites' pages ask for.
map "$http_origin $request_method $http_sec_fetch_site" $foreign {
  "~^(${any}) " 0;
  "~^ (GET|HEAD|OPTIONS) " 0;
  "~^ [A-Z]+ (same-origin|none)?$" 0;
  default 1;
}
${others.length > 0 ? `map $http_origin $other_origin {\n${lines(others, (it) => `  "${it}" $http_origin;`)}  default "";\n}\n` : ''}
server {
  listen ${site.listen};
  # nginx drops names with underscores by itself, which some servers read as the header.
  underscores_in_headers off;
  proxy_set_header Host $host;
${lines(names, (name) => `  proxy_set_header ${name} "";`)}
  location / {
    proxy_pass http://${site.app};
  }

  location = /_session {
    internal;
${check}  }

  location /api/ {
    if ($foreign) { return 403; }
${others.length > 0 ? cors : ''}\
    auth_request /_session;
${lines(names, (name) => `    auth_request_set $${variable(name)} $sent_http_${variable(name)};`)}\
    proxy_set_header Host $host;
${lines(names, (name) => `    proxy_set_header ${name} $${variable(name)};`)}\
    # Whoever has the cookie can be its user anywhere.
    proxy_set_header Cookie "";
    proxy_pass http://${site.service};
  }
}
`
}

const cors = `    add_header Vary Origin always;
    add_header Access-Control-Allow-Origin $other_origin always;
    add_header Access-Control-Allow-Credentials true always;
    add_header Access-Control-Allow-Methods "GET, HEAD, POST, PUT, PATCH, DELETE" always;
    add_header Access-Control-Allow-Headers content-type always;
    if ($request_method = OPTIONS) { return 204; }
`

function variable(name: string): string {
  return name.replaceAll('-', '_')
}
