import type { ComponentChildren } from "preact";
import { shown } from "./format.ts";
import { PressButton } from "./parts.tsx";
import type { Trouble } from "./server.ts";
import { t } from "./words.ts";

/** A column of a table. */
export interface Column<T> {
  readonly title: string;
  /** Numbers are aligned to the right. */
  readonly numeric?: boolean;
  cell(item: T): ComponentChildren;
}

/** What a table shows. */
export interface TableProps<T> {
  readonly caption: string;
  readonly columns: readonly Column<T>[];
  /** Undefined: not known yet. */
  readonly items: readonly T[] | undefined;
  /** Why there are no newer items. */
  readonly error?: Trouble | undefined;
  /** Whether the first column's cells name their rows. */
  keyOf(item: T): string;
}

/** A table; on a narrow page, each row becomes a card. */
export function Table<T>({ error, ...table }: TableProps<T>) {
  if (error === undefined) return <Rows {...table} />;
  return (
    <>
      <p role="status" class="bad">
        {shown(error.message)}
      </p>
      {table.items !== undefined && <Rows {...table} />}
    </>
  );
}

function Rows<T>({ caption, columns, items, keyOf }: Omit<TableProps<T>, "error">) {
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

/** Number of items on a page of a list. */
export const PAGE_SIZE = 25;

/** Buttons to page through a list. One item more than a page has is requested, so that the list's end is known. */
export function Pager({ start, count, onStart }: { start: number; count: number; onStart(start: number): void }) {
  if (start === 0 && count <= PAGE_SIZE) return null;
  return (
    <nav class="pager" aria-label={t("Pages")}>
      <PressButton isOff={start === 0} onPress={() => onStart(Math.max(0, start - PAGE_SIZE))}>
        {t("Earlier")}
      </PressButton>
      <span>{t("From {first} to {last}", { first: start + 1, last: start + Math.min(count, PAGE_SIZE) })}</span>
      <PressButton isOff={count <= PAGE_SIZE} onPress={() => onStart(start + PAGE_SIZE)}>
        {t("Later")}
      </PressButton>
    </nav>
  );
}

/** The query for one page of a list, with one item more. */
export function pageQuery(start: number, more: Readonly<Record<string, string>>): string {
  const given = Object.entries(more).filter(([, value]) => value !== "");
  return new URLSearchParams([["start", String(start)], ["count", String(PAGE_SIZE + 1)], ...given]).toString();
}
