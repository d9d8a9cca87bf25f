import { type Html, html } from './html.ts'

export interface Notes {
  readonly notes: readonly Note[]
  /** How often the notes were changed. */
  readonly changes: number
}

export interface Note {
  readonly id: string
  readonly text: string
}

/** The session's own data, to be changed: the right half changes, the cookie does not. */
export function notesSection({ notes, changes }: Notes): Html {
  return html`<section id="notes" aria-labelledby="notes-heading">
    <h2 id="notes-heading">Change the server’s half</h2>
    <p>
      Notes are session data. Add one: the record gets a new version. The cookie changes only past
      half of its life, when any answer brings a new one.
    </p>
    <form class="add" method="post" action="/notes">
      <label for="note">A note</label>
      <div>
        <input id="note" name="note" required maxlength="120" autocomplete="off" />
        <button>Add</button>
      </div>
    </form>
    ${
      notes.length > 0 &&
      html`<ul class="notes">
        ${notes.map(noteItem)}
      </ul>`
    }
    <p class="aside">
      ${changes === 0 ? 'Not changed yet.' : `Changed ${changes} ${changes === 1 ? 'time' : 'times'}.`}
      Two windows may do so at once: <code>session.update()</code> loses neither.
    </p>
  </section>`
}

function noteItem({ id, text }: Note): Html {
  return html`<li>
    <span>${text}</span>
    <form method="post" action="/notes/${id}/remove">
      <button aria-label="Remove: ${text}">Remove</button>
    </form>
  </li>`
}
