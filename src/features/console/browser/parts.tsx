import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { shown } from "./format.ts";
import { t, word } from "./words.ts";

/** A state in words, with a colour and a sign. */
export function Badge({ state, tone, children }: { state?: string; tone: Tone; children?: ComponentChildren }) {
  return <span class={`badge ${tone}`}>{children ?? word(state ?? "")}</span>;
}

/** The tone in which a state is shown. */
export type Tone = "good" | "bad" | "warn" | "calm";

/** The tone of one of the server's states. */
export function toneOf(state: string): Tone {
  if (["alive", "running", "active", "live"].includes(state)) return "good";
  if (["dead", "failing", "stopped"].includes(state)) return "bad";
  return ["waiting", "connecting", "draining", "starting"].includes(state) ? "warn" : "calm";
}

interface PressButtonProps {
  /** Whether the button is off for a moment. It keeps the focus, so that keyboard users don't lose their place. */
  readonly isOff?: boolean;
  /** Whether the user may change things; if not, the button is disabled. */
  readonly canChange?: boolean;
  /** Text for screen readers, if the button's own text does not tell its purpose. */
  readonly label?: string;
  readonly children: ComponentChildren;
  onPress(): void;
}

/** A button that can be off for a moment, or disabled for users with read-only rights. */
export function PressButton({ isOff = false, canChange = true, label, children, onPress }: PressButtonProps) {
  return (
    <button
      type="button"
      disabled={!canChange}
      aria-disabled={isOff}
      title={canChange ? undefined : t("This user may only see.")}
      aria-label={label}
      onClick={() => !isOff && onPress()}
    >
      {children}
    </button>
  );
}

/** A search field for a list; its text is used after a pause in typing. */
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

/** A check box that filters a list. */
export function Filter({ label, on, onChange }: { label: string; on: boolean; onChange(on: boolean): void }) {
  return (
    <label class="filter">
      <input type="checkbox" checked={on} onChange={({ currentTarget }) => onChange(currentTarget.checked)} />
      {label}
    </label>
  );
}

interface FiguresProps {
  readonly items: readonly (readonly [name: string, value: string])[];
  /** The values are long: each has a line of its own. */
  readonly isWide?: boolean;
}

/** Names with their values. */
export function Figures({ items, isWide = false }: FiguresProps) {
  return (
    <dl class={isWide ? "figures wide-figures" : "figures"}>
      {items.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A text from outside, never markup, whose writing direction does not affect the text around it. */
export function Name({ children }: { children: string }) {
  return <bdi>{shown(children)}</bdi>;
}

/** A dialog that confirms an action. It takes the focus, and returns it at the end. */
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

/** The outcome of the last action, shown and read out. */
export interface Told {
  readonly text: string;
  readonly isError: boolean;
}

/** Runs actions at the server and tells their outcome. */
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

/** The outcome of the last action. */
export function Telling({ told }: { told: Told | undefined }) {
  return (
    <p role="status" class={told === undefined ? "telling" : `telling ${told.isError ? "bad" : "good"}`}>
      {told === undefined ? "" : shown(told.text)}
    </p>
  );
}
