import { code } from './code.ts'
import { type Html, html } from './html.ts'
import { layout } from './layout.ts'

export interface Welcome {
  /** Names and passwords that may be tried. */
  readonly logins: readonly { readonly login: string; readonly password: string }[]
  /** The name that the last attempt gave, if it was refused. */
  readonly refused: string | undefined
}

export function welcomePage(welcome: Welcome): Html {
  return layout({
    title: 'One session, two halves',
    lead: html`Log in, and this app keeps one half of your session on the server and hands your
    browser the other: a cookie that every service can read.`,
    coin: 'apart',
    main: html`${loginForm(welcome)} ${code()}`,
  })
}

export function loginForm({ logins, refused }: Welcome): Html {
  const wasRefused = refused !== undefined
  return html`<section class="pair login" id="login" aria-labelledby="login-heading">
    <form method="post" action="/login">
      <h2 id="login-heading">Log in</h2>
      ${wasRefused && html`<p class="refused" id="refused" role="alert">Name and password do not belong together.</p>`}
      <label for="name">Name</label>
      <input
        id="name"
        name="name"
        autocomplete="username"
        autocapitalize="none"
        required
        maxlength="64"
        value="${refused}"
        ${wasRefused && html` aria-invalid="true" aria-describedby="refused" autofocus`}
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
      <button>Log in</button>
    </form>
    <div class="logins">
      <h3>Who may log in</h3>
      <dl>
        ${logins.map(
          ({ login, password }) =>
            html`<div>
              <dt>${login}</dt>
              <dd>${password}</dd>
            </div>`,
        )}
      </dl>
      <p>Their passwords are kept as scrypt hashes; these are printed for you alone.</p>
    </div>
  </section>`
}
