import { randomBytes } from 'node:crypto'
import { type RequestHandler, Router } from 'express'
import type { SessionObject } from 'symbolon'
import type { Note } from './pages/notes.ts'

const MOST_NOTES = 8
const LONGEST_NOTE = 120

/** Notes that live in the session: added and removed so that two windows never lose one. */
export function notes(): RequestHandler {
  return Router()
    .use((req, res, next) => (req.auth === undefined ? res.redirect(303, '/') : next()))
    .post('/', async (req, res) => {
      const text = textOf(req.body?.note)
      const note = { id: randomBytes(3).toString('hex'), text }
      if (text !== '') await edit(req.session, (kept) => [...kept, note].slice(-MOST_NOTES))
      res.redirect(303, '/#notes')
    })
    .post('/:id/remove', async (req, res) => {
      await edit(req.session, (kept) => kept.filter(({ id }) => id !== req.params.id))
      res.redirect(303, '/#notes')
    })
}

function edit(session: SessionObject, change: (kept: Note[]) => Note[]): Promise<void> {
  return session.update((data) => {
    data['notes'] = change(data['notes'] ?? [])
    data['changes'] = (data['changes'] ?? 0) + 1
  })
}

function textOf(note: unknown): string {
  return typeof note === 'string' ? note.trim().slice(0, LONGEST_NOTE) : ''
}
