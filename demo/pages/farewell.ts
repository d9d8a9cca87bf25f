import type { Answer } from '../ask.ts'
import type { LookedAt } from '../token.ts'
import { bar } from './drawings.ts'
import { code } from './code.ts'
import { type Html, html } from './html.ts'
import { layout } from './layout.ts'
import { secondsLeft } from './measures.ts'
import { answerBox } from './neighbour.ts'
import { type Welcome, loginForm } from './welcome.ts'

export interface Farewell extends Welcome {
  /** The cookie of the session that was ended. */
  readonly oldCookie: LookedAt
  readonly tokenLife: number
  readonly app: Answer
  readonly service: Answer
  readonly now: number
}

export function farewellPage(farewell: Farewell): Html {
  return layout({
    title: 'One half is gone',
    lead: html`You logged out, and the server destroyed its half at once. What is the old cookie
    still worth to somebody who kept a copy?`,
    coin: 'broken',
    main: html`${replay(farewell)} ${loginForm(farewell)} ${code()}`,
  })
}

/** The old cookie shown again to both servers, as a thief would. */
function replay({ oldCookie, tokenLife, app, service, now }: Farewell): Html {
  const left = secondsLeft(oldCookie, now)
  const bound = left > 0 ? STILL_BELIEVED : 'Its time is over, and nobody signs it another.'
  return html`<section id="replay" aria-labelledby="replay-heading" data-left="${left}">
    <h2 id="replay-heading">The old cookie, replayed</h2>
    <p class="figure"><b data-seconds>${left}</b> seconds left of ${tokenLife}</p>
    ${bar(tokenLife, [{ name: 'left', size: left }])}
    <div class="pair" data-answers aria-live="polite">
      <div>
        <p>The app looks for the record and finds none: a logout holds from its first moment.</p>
        ${answerBox('This app, when asked', app)}
      </div>
      <div>
        <p>${bound}</p>
        ${answerBox('The other service, when asked', service)}
      </div>
    </div>
    <p><a class="button" href="/#replay" data-ask-again>Ask again</a></p>
  </section>`
}

const STILL_BELIEVED =
  'The service has the cookie alone to go by, and believes it to its last second. You set that bound: tokenLife.'
