import { useState } from "preact/hooks";
import { type Language, languages, speak, t } from "./words.ts";

const themes = { system: "As the system", light: "Light", dark: "Dark" } as const;
type Theme = keyof typeof themes;

/** The console's language and colours, kept in the browser. */
export interface Preferences {
  readonly language: Language;
  readonly theme: Theme;
  setLanguage(language: Language): void;
  setTheme(theme: Theme): void;
}

/** Reads and changes the kept preferences. The first language is the browser's. */
export function usePreferences(): Preferences {
  const [state, setState] = useState(() => {
    const ownLanguage: Language = /^zh\b/i.test(navigator.language) ? "zh" : "en";
    const kept = { language: read("language", languages) ?? ownLanguage, theme: read("theme", themes) ?? "system" };
    take(kept.language, kept.theme);
    return kept;
  });
  const change = (next: { readonly language: Language; readonly theme: Theme }) => {
    keep("language", next.language);
    keep("theme", next.theme);
    take(next.language, next.theme);
    setState(next);
  };
  return {
    ...state,
    setLanguage: (language) => change({ ...state, language }),
    setTheme: (theme) => change({ ...state, theme }),
  };
}

/** Controls to choose language and colours. */
export function Settings({ preferences }: { preferences: Preferences }) {
  const { language, theme, setLanguage, setTheme } = preferences;
  return (
    <div class="settings">
      <label>
        <span class="spoken">{t("Language")}</span>
        <select value={language} onChange={({ currentTarget }) => setLanguage(currentTarget.value as Language)}>
          {Object.entries(languages).map(([value, name]) => (
            <option key={value} value={value} lang={value}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span class="spoken">{t("Colours")}</span>
        <select value={theme} onChange={({ currentTarget }) => setTheme(currentTarget.value as Theme)}>
          {Object.entries(themes).map(([value, name]) => (
            <option key={value} value={value}>
              {t(name)}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

function take(language: Language, theme: Theme): void {
  speak(language);
  document.documentElement.lang = language === "zh" ? "zh-Hans" : "en";
  document.documentElement.dataset.theme = theme;
}

/** Browsers that keep nothing throw. */
function read<T extends string>(name: string, choices: Readonly<Record<T, string>>): T | undefined {
  try {
    const value = localStorage.getItem(`console.${name}`) ?? "";
    return Object.hasOwn(choices, value) ? (value as T) : undefined;
  } catch {
    return undefined;
  }
}

function keep(name: string, value: string): void {
  try {
    localStorage.setItem(`console.${name}`, value);
  } catch {
    // The choice lasts until the page is closed.
  }
}
