import type { RequestHandler } from 'express'

/** Says what the page may load and whom it may ask: itself, and the service. */
export function pageHeaders(service: string): RequestHandler {
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    "img-src 'self'",
    `connect-src 'self' ${service}`,
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
  return (_req, res, next) => {
    res.set('Content-Security-Policy', policy)
    res.set('X-Content-Type-Options', 'nosniff')
    res.set('Referrer-Policy', 'same-origin')
    next()
  }
}

/**
 * Refuses forms of other sites (CSRF). SameSite=Lax keeps the cookie from most of them, but another
 * port of this host is the same site to a browser.
 */
export function ownFormsOnly(own: string): RequestHandler {
  return (req, res, next) => {
    const origin = req.get('Origin') ?? own
    const site = req.get('Sec-Fetch-Site') ?? 'same-origin'
    const safe = req.method === 'GET' || req.method === 'HEAD'
    if (safe || (origin === own && site === 'same-origin')) next()
    else res.status(403).type('text').send('This form was not sent by this app.\n')
  }
}
