import type { LookedAt } from '../token.ts'
import { bar } from './drawings.ts'
import { type Html, html } from './html.ts'

/** What browsers keep of one cookie, and where proxies begin to complain. */
const LARGEST = 4096

/** How large the cookie is, and how long it will be believed. */
export function measures(cookie: LookedAt, tokenLife: number, now: number): Html {
  const bytes = cookie.sizes.reduce((sum, { size }) => sum + size, 0)
  const left = secondsLeft(cookie, now)
  return html`<section class="pair measures" aria-label="Size and life of the cookie">
    <div>
      <p class="figure"><b>${bytes}</b> of ${LARGEST} bytes</p>
      ${bar(LARGEST, cookie.sizes)}
      <p class="legend">
        ${cookie.sizes.map(({ name, size }) => html`<span class="${name}">${name} ${size}</span> `)}
      </p>
      <p>
        Browsers drop larger cookies without a word, so a login that would make one fails and says
        which claim is to blame.
      </p>
    </div>
    <div data-left="${left}">
      <p class="figure">
        <b data-seconds>${left}</b> seconds left of ${tokenLife}<span class="over"
          >, expired for services: reload</span
        >
      </p>
      ${bar(tokenLife, [{ name: 'left', size: left }])}
      <p>
        Past half of it, the app’s next answer brings a new cookie: reload and see. Services that
        only read it never ask the app about it.
      </p>
    </div>
  </section>`
}

export function secondsLeft(cookie: LookedAt, now: number): number {
  return Math.max(0, Math.ceil((cookie.ends - now) / 1000))
}
