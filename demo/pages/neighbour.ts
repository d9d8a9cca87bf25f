import type { Answer } from '../ask.ts'
import { type Html, html } from './html.ts'

/** What the other service says about the same cookie. */
export function neighbour({ answer, serviceUrl }: { answer: Answer; serviceUrl: string }): Html {
  return html`<section id="service" aria-labelledby="service-heading">
    <h2 id="service-heading">Another service reads it</h2>
    <p>
      It is another process, at <code>${new URL(serviceUrl).host}</code>, with the public key and an
      ordinary JWT library. It has neither this app’s records nor its private key.
    </p>
    <div data-service="${serviceUrl}" aria-live="polite">
      ${answerBox('When asked by the app, with your cookie handed on', answer)}
    </div>
    <p><a class="button" href="/#service" data-ask-again>Ask again</a></p>
  </section>`
}

/** A server's word on a cookie. */
export function answerBox(heading: Html | string, { status, body }: Answer): Html {
  const accepted = status === 200
  return html`<div class="answer ${accepted ? 'accepted' : 'refused'}">
    <p class="asker">${heading}</p>
    <p class="verdict"><b>${accepted ? 'Accepted' : 'Refused'}</b> <span>${status}</span></p>
    <pre>${body}</pre>
  </div>`
}
