import axe from "axe-core";
import type { Browser, Page } from "puppeteer-core";
import { WAIT_LIMIT_MS } from "../../limits.ts";
import { openPage } from "./browser.ts";

/** The console's pages, and the heading of each. */
export const consolePages = {
  overview: "Overview",
  streams: "Streams",
  clients: "Clients",
  relays: "Relays",
  health: "Health",
  config: "Configuration",
  log: "The last lines of the log",
  actions: "Who did what",
} as const;

/** What of the page's document functions that run there use. */
interface Browsed {
  readonly document: {
    querySelectorAll(query: string): Iterable<{ textContent: string; ariaLabel: string | null; click(): void }>;
    readonly activeElement: { id: string; className: string } | null;
    readonly documentElement: { scrollWidth: number; clientWidth: number };
  };
}

/** An open console, with what went wrong in it. */
export class ConsolePage {
  readonly page: Page;
  /** What the page threw and complained of, breaches of its policy among it. */
  readonly errors: string[] = [];
  /** The origins that it asked. */
  readonly origins = new Set<string>();
  readonly #url: string;

  private constructor(page: Page, url: string) {
    this.page = page;
    this.#url = url;
  }

  static async open(browser: Browser, url: string): Promise<ConsolePage> {
    const page = await openPage(browser, "about:blank");
    const opened = new ConsolePage(page, url);
    page.on("pageerror", (error) => opened.errors.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error" && !/^Failed to load resource/.test(message.text()))
        opened.errors.push(message.text());
    });
    page.on("request", (request) => opened.origins.add(new URL(request.url()).origin));
    await page.goto(url, { waitUntil: "domcontentloaded" });
    return opened;
  }

  /** Goes to one of its pages, by its address, and waits for the heading. */
  async go(page: keyof typeof consolePages, rest = ""): Promise<void> {
    await this.page.goto(`${this.#url}#/${page}${rest}`);
    await this.shows("h1", consolePages[page]);
  }

  /** Waits until an element of the query has the text. */
  async shows(query: string, text: string): Promise<void> {
    await this.#wait(`${query} with "${text}"`, query, text, true);
  }

  /** Waits until none has. */
  async hides(query: string, text: string): Promise<void> {
    await this.#wait(`no ${query} with "${text}"`, query, text, false);
  }

  /** Waits until the table has rows, each of which has the text; what names them. */
  async rowsWith(text: string): Promise<string[]> {
    const names = (wanted: string): string[] | false => {
      const { document } = globalThis as unknown as Browsed;
      const texts = (query: string) => [...document.querySelectorAll(query)].map(({ textContent }) => textContent);
      const rows = texts("tbody tr");
      return rows.length > 0 && rows.every((row) => row.includes(wanted)) && texts("tbody th");
    };
    const found = await this.page.waitForFunction(names, { timeout: WAIT_LIMIT_MS, polling: 50 }, text);
    return (await found.jsonValue()) || [];
  }

  /** Clicks the button or link of this name, once it is there and may be clicked. */
  async click(name: string): Promise<void> {
    const click = (wanted: string): boolean => {
      const { document } = globalThis as unknown as Browsed;
      for (const element of document.querySelectorAll("button:not(:disabled, [aria-disabled=true]), a")) {
        if ((element.ariaLabel ?? element.textContent) !== wanted) continue;
        element.click();
        return true;
      }
      return false;
    };
    await this.page.waitForFunction(click, { timeout: WAIT_LIMIT_MS, polling: 50 }, name);
  }

  /** The page is seen again, and asks at once. */
  async lookAgain(): Promise<void> {
    await this.page.evaluate('document.dispatchEvent(new Event("visibilitychange"))');
  }

  /** Loads the console again, as it offers when its server is another version. */
  async loadAgain(): Promise<void> {
    await Promise.all([
      this.page.waitForNavigation({ waitUntil: "domcontentloaded" }),
      this.page.click(".standing .warn button"),
    ]);
  }

  async signIn(name: string, password: string): Promise<void> {
    await this.page.waitForSelector("input[name=username]", { timeout: WAIT_LIMIT_MS });
    for (const [field, text] of Object.entries({ username: name, password })) {
      // What was written before is selected, and replaced.
      await this.page.click(`input[name=${field}]`, { count: 3 });
      await this.page.type(`input[name=${field}]`, text);
    }
    await this.page.click("button[type=submit]");
  }

  /** Chooses a language and colours. */
  async choose(language: "en" | "zh", theme: "light" | "dark"): Promise<void> {
    await this.page.select(".settings label:nth-child(1) select", language);
    await this.page.select(".settings label:nth-child(2) select", theme);
  }

  /** What the accessibility checker finds, as lines. */
  async violations(): Promise<string[]> {
    await this.page.evaluate(axe.source);
    const found = await this.page.evaluate(async () => {
      const { axe: checker } = globalThis as unknown as { axe: typeof axe };
      return (await checker.run({ exclude: ["iframe"] })).violations.map(({ id, nodes }) => ({
        id,
        targets: nodes.map(({ target, failureSummary }) => `${target.join(" ")}: ${failureSummary}`),
      }));
    });
    return found.flatMap(({ id, targets }) => targets.map((target) => `${id} ${target}`));
  }

  /** How much wider the page is than its window, CSS pixels. */
  overflow(): Promise<number> {
    return this.page.evaluate(() => {
      const { documentElement } = (globalThis as unknown as Browsed).document;
      return documentElement.scrollWidth - documentElement.clientWidth;
    });
  }

  /** The id and the class of what has the focus. */
  focused(): Promise<string> {
    return this.page.evaluate(() => {
      const { activeElement } = (globalThis as unknown as Browsed).document;
      return `${activeElement?.id}.${activeElement?.className}`;
    });
  }

  async #wait(what: string, query: string, text: string, isThere: boolean): Promise<void> {
    const has = (wantedQuery: string, wantedText: string, wanted: boolean): boolean => {
      const all = [...(globalThis as unknown as Browsed).document.querySelectorAll(wantedQuery)];
      return all.some(({ textContent }) => textContent.replaceAll("\u00a0", " ").includes(wantedText)) === wanted;
    };
    try {
      await this.page.waitForFunction(has, { timeout: WAIT_LIMIT_MS, polling: 50 }, query, text, isThere);
    } catch (cause) {
      const shown = await this.page.$eval("body", (body) => body.textContent ?? "");
      throw new Error(`not there: ${what}\n${shown}`, { cause });
    }
  }
}
