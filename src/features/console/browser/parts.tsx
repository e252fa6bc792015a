import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { shown } from "./format.ts";
import { t, word } from "./words.ts";

/** A state in words, with a colour and a sign that add to them. */
export function Badge({ state, tone, children }: { state?: string; tone: Tone; children?: ComponentChildren }) {
  return <span class={`badge ${tone}`}>{children ?? word(state ?? "")}</span>;
}

/** How a state is judged. */
export type Tone = "good" | "bad" | "warn" | "calm";

/** The tone of a state of the server's. */
export function toneOf(state: string): Tone {
  if (["alive", "running", "active", "live"].includes(state)) return "good";
  if (["dead", "failing", "stopped"].includes(state)) return "bad";
  return ["waiting", "connecting", "draining", "starting"].includes(state) ? "warn" : "calm";
}

/** A column of a table. */
export interface Column<T> {
  readonly title: string;
  /** Numbers stand at the right. */
  readonly numeric?: boolean;
  cell(item: T): ComponentChildren;
}

/** What a table shows. */
export interface TableProps<T> {
  readonly caption: string;
  readonly columns: readonly Column<T>[];
  /** Undefined: they are not known yet. */
  readonly items: readonly T[] | undefined;
  /** The first column's cells name their rows. */
  keyOf(item: T): string;
}

/** Rows of things; on a narrow page each row becomes a card. */
export function Table<T>({ caption, columns, items, keyOf }: TableProps<T>) {
  if (items === undefined) return <p class="soft">{t("Loading…")}</p>;
  if (items.length === 0) return <p class="soft">{t("Nothing here.")}</p>;
  return (
    // biome-ignore lint/a11y/noRedundantRoles: a table that is displayed as blocks loses its role otherwise
    <table role="table">
      <caption class="spoken">{caption}</caption>
      <thead>
        <tr>
          {columns.map(({ title, numeric = false }) => (
            <th key={title} scope="col" class={numeric ? "numeric" : ""}>
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <tr key={keyOf(item)}>
            {columns.map(({ title, numeric = false, cell }, at) => {
              const content = cell(item);
              return at === 0 ? (
                <th key={title} scope="row">
                  {content}
                </th>
              ) : (
                <td key={title} data-title={title} class={numeric ? "numeric" : ""}>
                  <div>{content}</div>
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Items of a page of a list. */
export const PAGE_SIZE = 25;

/** Goes through a list page by page: one item more than a page has is asked for, so that its end is known. */
export function Pager({ start, count, onStart }: { start: number; count: number; onStart(start: number): void }) {
  if (start === 0 && count <= PAGE_SIZE) return null;
  return (
    <nav class="pager" aria-label={t("Pages")}>
      <button type="button" disabled={start === 0} onClick={() => onStart(Math.max(0, start - PAGE_SIZE))}>
        {t("Earlier")}
      </button>
      <span>{t("From {first} to {last}", { first: start + 1, last: start + Math.min(count, PAGE_SIZE) })}</span>
      <button type="button" disabled={count <= PAGE_SIZE} onClick={() => onStart(start + PAGE_SIZE)}>
        {t("Later")}
      </button>
    </nav>
  );
}

/** The query of one page of a list, with one item more. */
export function pageQuery(start: number, more: Readonly<Record<string, string>>): string {
  const given = Object.entries(more).filter(([, value]) => value !== "");
  return new URLSearchParams([["start", String(start)], ["count", String(PAGE_SIZE + 1)], ...given]).toString();
}

/** A field to search a list; what is written counts when no more is for a moment. */
export function Search({ value, onValue }: { value: string; onValue(value: string): void }) {
  const timer = useRef<number | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <label class="field">
      <span>{t("Search")}</span>
      <input
        type="search"
        defaultValue={value}
        maxLength={200}
        spellcheck={false}
        autocomplete="off"
        onInput={({ currentTarget }) => {
          clearTimeout(timer.current);
          timer.current = setTimeout(() => onValue(currentTarget.value.trim()), 300);
        }}
      />
    </label>
  );
}

/** A switch of a list. */
export function Filter({ label, on, onChange }: { label: string; on: boolean; onChange(on: boolean): void }) {
  return (
    <label class="filter">
      <input type="checkbox" checked={on} onChange={({ currentTarget }) => onChange(currentTarget.checked)} />
      {label}
    </label>
  );
}

/** A text from outside: never markup, and apart from the direction of what stands around it. */
export function Name({ children }: { children: string }) {
  return <bdi>{shown(children)}</bdi>;
}

/** A question before something is done. It takes the focus, and gives it back. */
export function Confirm({
  title,
  action,
  children,
  onDone,
  onCancel,
}: {
  title: string;
  action: string;
  children?: ComponentChildren;
  onDone(): void;
  onCancel(): void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => (before instanceof HTMLElement ? before.focus() : undefined);
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby="confirm-title" onClose={onCancel}>
      <h2 id="confirm-title">{title}</h2>
      {children}
      <div class="buttons">
        <button type="button" onClick={onCancel}>
          {t("Cancel")}
        </button>
        <button type="button" class="danger" onClick={onDone}>
          {action}
        </button>
      </div>
    </dialog>
  );
}

/** What was done last, or why it was not: shown, and read out. */
export interface Told {
  readonly text: string;
  readonly isError: boolean;
}

/** Does something at the server and tells what came of it. */
export function useDeed(): {
  readonly told: Told | undefined;
  readonly isBusy: boolean;
  run(deed: () => Promise<unknown>, done: string): Promise<void>;
} {
  const [told, setTold] = useState<Told | undefined>();
  const [isBusy, setBusy] = useState(false);
  const run = async (deed: () => Promise<unknown>, done: string): Promise<void> => {
    setBusy(true);
    try {
      await deed();
      setTold({ text: done, isError: false });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      setTold({ text: reason || t("The server does not answer."), isError: true });
    }
    setBusy(false);
  };
  return { told, isBusy, run };
}

/** What came of the last deed. */
export function Telling({ told }: { told: Told | undefined }) {
  return (
    <p role="status" class={told === undefined ? "telling" : `telling ${told.isError ? "bad" : "good"}`}>
      {told === undefined ? "" : shown(told.text)}
    </p>
  );
}
