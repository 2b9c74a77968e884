// What is there to do?
import type { ReactElement, RefObject, SubmitEvent } from 'react'
import { useEffect, useRef, useState } from 'react'
import { Alert, Field } from './field.tsx'
import { Icon } from './icon.tsx'
import { useAction } from './use-action.ts'
import type { Task, TaskList } from './use-tasks.ts'

const LONGEST_TITLE = 200

export function TasksPanel({ tasks: list }: { readonly tasks: TaskList }): ReactElement {
  const { tasks, error } = list
  const [problem, setProblem] = useState<string | null>(null)
  return (
    <section className="panel narrow" aria-labelledby="tasks-title">
      <div className="panel-head">
        <h1 id="tasks-title">Tasks</h1>
        {tasks && tasks.length > 0 && <p className="count">{count(tasks)}</p>}
      </div>
      <NewTask list={list} />
      <Alert>{problem ?? error}</Alert>
      {tasks && tasks.length > 0 && (
        <ul className="tasks card" data-testid="task-list">
          {tasks.map((task) => (
            <TaskItem key={task.id} task={task} list={list} tell={setProblem} />
          ))}
        </ul>
      )}
      {tasks?.length === 0 && (
        <div className="empty card" data-testid="task-list">
          <p>
            <strong>Nothing to do.</strong>
          </p>
          <p>Add a task above. It is yours alone: any other account asking for it gets “not found”.</p>
        </div>
      )}
    </section>
  )
}

function count(tasks: readonly Task[]): string {
  const open = tasks.filter(({ done }) => !done).length
  return open === 0 ? 'all done' : `${open} of ${tasks.length} to do`
}

function NewTask({ list }: { readonly list: TaskList }): ReactElement {
  const { busy, error, fields, run, clear } = useAction()
  const justAdded = useRef(false)
  const submit = async (event: SubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault()
    const form = event.currentTarget
    const title = readTitle(form)
    // Enter, pressed twice.
    if (justAdded.current && title.trim() === '') return
    if (!(await run(() => list.add(title)))) return
    justAdded.current = true
    if (readTitle(form) === title) form.reset()
  }
  const type = (): void => {
    justAdded.current = false
    clear()
  }
  const add = (
    <button type="submit" className="primary" aria-busy={busy} disabled={busy}>
      Add task
    </button>
  )
  return (
    <form className="new-task" onSubmit={submit} noValidate>
      <Field
        label="New task"
        name="title"
        autoComplete="off"
        maxLength={LONGEST_TITLE}
        error={fields.title}
        after={add}
        onChange={type}
      />
      <Alert>{error}</Alert>
    </form>
  )
}

const readTitle = (form: HTMLFormElement): string => String(new FormData(form).get('title'))

interface TaskItemProps {
  readonly task: Task
  readonly list: TaskList
  readonly tell: (problem: string | null) => void
}

function TaskItem({ task, list, tell }: TaskItemProps): ReactElement {
  const { busy, run } = useAction(tell)
  const [editing, setEditing] = useState(false)
  const rename = useReturnedFocus(editing)
  if (editing) {
    const save = (title: string): void => {
      setEditing(false)
      if (title !== task.title) run(() => list.change(task.id, { title }))
    }
    return <TaskEditor title={task.title} save={save} cancel={() => setEditing(false)} />
  }
  return (
    // Not `disabled`: that would take the focus away.
    <li className="task" aria-busy={busy}>
      <label className="check">
        <input
          type="checkbox"
          checked={task.done}
          aria-disabled={busy}
          onChange={() => run(() => list.change(task.id, { done: !task.done }))}
        />
        <span className="task-title">{task.title}</span>
      </label>
      <button
        type="button"
        className="quiet icon-button"
        ref={rename}
        title="Rename"
        aria-label={`Rename: ${task.title}`}
        aria-disabled={busy}
        onClick={() => busy || setEditing(true)}
      >
        <Icon name="rename" />
      </button>
      <button
        type="button"
        className="quiet icon-button"
        title="Delete"
        aria-label={`Delete: ${task.title}`}
        aria-disabled={busy}
        onClick={() => run(() => list.remove(task.id))}
      >
        <Icon name="delete" />
      </button>
    </li>
  )
}

/** The button that opened an editor has the focus again when the editor is gone. */
function useReturnedFocus(away: boolean): RefObject<HTMLButtonElement | null> {
  const button = useRef<HTMLButtonElement>(null)
  const wasAway = useRef(false)
  useEffect(() => {
    if (wasAway.current && !away) button.current?.focus()
    wasAway.current = away
  }, [away])
  return button
}

interface TaskEditorProps {
  readonly title: string
  readonly save: (title: string) => void
  readonly cancel: () => void
}

function TaskEditor({ title, save, cancel }: TaskEditorProps): ReactElement {
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    save(readTitle(event.currentTarget))
  }
  return (
    <li className="task">
      <form className="task-editor" onSubmit={submit}>
        <input
          name="title"
          aria-label="New title"
          defaultValue={title}
          required
          maxLength={LONGEST_TITLE}
          ref={focus}
          onKeyDown={({ key }) => key === 'Escape' && cancel()}
        />
        <button type="submit" className="quiet">
          Save
        </button>
        <button type="button" className="quiet" onClick={cancel}>
          Cancel
        </button>
      </form>
    </li>
  )
}

const focus = (input: HTMLInputElement | null): void => input?.focus()
