import { coin } from '../pages/drawings.ts'
import { type Content, type Html, html } from '../pages/html.ts'
import { LOGINS } from '../users.ts'

/** What both parties keep in the session. */
export interface Word {
  readonly text: string
  /** Who wrote it there: Django or Node. */
  readonly by: string
}

export interface Half {
  readonly host: string
  /** Who is logged in. */
  readonly name: string | undefined
  readonly words: readonly Word[]
  /** The name that the last attempt gave, if it was refused. */
  readonly refused: string | undefined
}

/** This app's half and Django's, beside each other. */
export function bothPage(django: string): Html {
  return page('One session, two frameworks', {
    styles: ['/style.css', '/half.css'],
    script: '/both.js',
    body: html`<a class="skip" href="#main">Skip to the content</a>
      <header class="top">
        <a class="brand" href="/">symbolon</a>
        <span class="greek" lang="grc">σύμβολον</span>
      </header>
      <main id="main" tabindex="-1">
        <div class="hero">
          <div>
            <h1>One session, two frameworks</h1>
            <p class="lead">
              Log in on either side: both know you. One cookie, one row in Django’s table; each
              party reads and writes them in its own language.
            </p>
          </div>
          ${coin('joined')}
        </div>
        <div class="parties">${frame('Node', '/half')} ${frame('Django', `${django}/`)}</div>
        <section class="logins" aria-labelledby="logins-heading">
          <h2 id="logins-heading">Who may log in</h2>
          <dl>
            ${LOGINS.map(
              ({ login, password }) =>
                html`<div>
                  <dt>${login}</dt>
                  <dd>${password}</dd>
                </div>`,
            )}
          </dl>
          <p>Users of Django, with the hashes that Django made of their passwords.</p>
        </section>
      </main>`,
  })
}

function frame(name: string, url: string): Html {
  return html`<figure>
    <iframe src="${url}" title="${name}"></iframe>
    <figcaption><a href="${url}">${name} alone</a></figcaption>
  </figure>`
}

/** This app's half; Django's is `site/templates/half.html`. */
export function halfPage({ host, name, words, refused }: Half): Html {
  return page('Node', {
    styles: ['/style.css', '/half.css'],
    bodyClass: 'party cookie-half',
    body: html`<main>
      <h1>Node</h1>
      <p class="about">${process.versions.node}, Express, at ${host}</p>
      ${name === undefined ? loginForm(refused) : account(name, words)}
    </main>`,
  })
}

function account(name: string, words: readonly Word[]): Html {
  return html`<form class="who" method="post" action="/logout">
      <span><code>req.auth</code> is <b>${name}</b></span>
      <button>Log out</button>
    </form>
    <h2><code>req.session.words</code></h2>
    <ul class="notes">
      ${words.map(({ text, by }) => html`<li><span>${text}</span><small>from ${by}</small></li>`)}
      ${words.length === 0 && html`<li><small>nothing yet</small></li>`}
    </ul>
    <form class="add" method="post" action="/words">
      <label for="word">A word</label>
      <div>
        <input id="word" name="word" required maxlength="40" autocomplete="off" />
        <button>Add in Node</button>
      </div>
    </form>`
}

function loginForm(refused: string | undefined): Html {
  return html`<p class="who">
      <span><code>req.auth</code> is <b>nobody</b></span>
    </p>
    <form class="login" method="post" action="/login">
      ${refused !== undefined && html`<p class="refused" role="alert">Name and password do not belong together.</p>`}
      <label for="name">Name</label>
      <input
        id="name"
        name="name"
        autocomplete="username"
        autocapitalize="none"
        required
        maxlength="64"
        value="${refused}"
      />
      <label for="password">Password</label>
      <input
        id="password"
        name="password"
        type="password"
        autocomplete="current-password"
        required
        maxlength="64"
      />
      <button>Log in to Node</button>
    </form>`
}

interface Parts {
  readonly styles: readonly string[]
  readonly script?: string
  readonly bodyClass?: string
  readonly body: Content
}

function page(title: string, { styles, script, bodyClass, body }: Parts): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} — symbolon</title>
        <link rel="icon" href="/coin.svg" type="image/svg+xml" />
        ${styles.map((href) => html`<link rel="stylesheet" href="${href}" />`)}
        ${script !== undefined && html`<script type="module" src="${script}"></script>`}
      </head>
      <body class="${bodyClass}">
        ${body}
      </body>
    </html> `
}
