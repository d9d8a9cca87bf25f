import { type CoinState, coin } from './drawings.ts'
import { type Content, type Html, html } from './html.ts'

export interface Page {
  readonly title: string
  readonly lead: Content
  readonly coin: CoinState
  /** Who is logged in. */
  readonly name?: string
  readonly main: Content
}

export function layout({ title, lead, coin: state, name, main }: Page): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} — symbolon</title>
        <link rel="icon" href="/coin.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/style.css" />
        <script type="module" src="/enhance.js"></script>
      </head>
      <body>
        <a class="skip" href="#main">Skip to the content</a>
        <header class="top">
          <a class="brand" href="/">symbolon</a>
          <span class="greek" lang="grc">σύμβολον</span>
          ${name !== undefined && logout(name)}
        </header>
        <main id="main" tabindex="-1">
          <div class="hero">
            <div>
              <h1>${title}</h1>
              <p class="lead">${lead}</p>
            </div>
            ${coin(state)}
          </div>
          ${main}
        </main>
        <footer>
          <p>
            A <i lang="grc">symbolon</i> was a token broken in two: each party kept a half, and the
            halves proved who they were.
          </p>
          <p>
            All that services need is published:
            <a href="/.well-known/jwks.json">the public key</a> and
            <a href="/.well-known/session.json">what the claims mean</a>.
          </p>
        </footer>
      </body>
    </html> `
}

function logout(name: string): Html {
  return html`<form class="logout" method="post" action="/logout">
    <span>${name}</span>
    <button>Log out</button>
  </form>`
}
