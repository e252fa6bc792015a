import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "../..");

/** A fenced block: its language, "" for none, and its lines. */
export interface Block {
  readonly language: string;
  readonly text: string;
}

/** A `##` section of a page with all below it: what it starts ends with it. What stands before the first has no heading. */
export interface Section {
  readonly heading: string;
  readonly blocks: readonly Block[];
  /** Addresses in `<…>`, for a browser. */
  readonly links: readonly string[];
}

/** A page for people in both languages, by its path in English. */
export interface PagePair {
  readonly english: string;
  readonly chinese: string;
}

/** The pages that are there in both languages, the README first. */
export function pagePairs(): PagePair[] {
  const names = readdirSync(join(root, "docs/zh")).filter((name) => name.endsWith(".md"));
  const pages = names.toSorted().map((name) => ({ english: `docs/${name}`, chinese: `docs/zh/${name}` }));
  return [{ english: "README.md", chinese: "README.zh-CN.md" }, ...pages];
}

/** The text of a file of the repository. */
export function textOf(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** The sections of a page, what stands before the first `##` included. */
export function sectionsOf(markdown: string): Section[] {
  const parts = `\n${markdown}`.split(/\n## /);
  return parts.map((part, at) => ({
    heading: at === 0 ? "" : part.slice(0, part.indexOf("\n")),
    blocks: blocksOf(part),
    links: [...part.replaceAll(fence, "").matchAll(/<(https?:\/\/[^>]+)>/g)].map(([, link = ""]) => link),
  }));
}

const fence = /^```(\w*)[^\n]*\n(.*?)^```$/gms;

/** The fenced blocks of a text. */
export function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(fence)].map(([, language = "", text = ""]) => ({ language, text }));
}

/**
 * What a page looks like without its words, a line each: headings by level, tables by columns and rows, lists by items, blocks
 * without their comments, pictures. Two languages of a page have the same.
 */
export function structureOf(markdown: string): string[] {
  const shapes: string[] = [];
  const bare = markdown.replaceAll(fence, (_all, language: string, text: string) => {
    return `\n\0${JSON.stringify([language, withoutComments(text)])}\n`;
  });
  let table = 0;
  let items = 0;
  let columns = 0;
  const end = (): void => {
    if (table > 0) shapes.push(`table of ${columns} columns, ${table} rows`);
    if (items > 0) shapes.push(`list of ${items}`);
    table = 0;
    items = 0;
  };
  for (const line of [...bare.split("\n"), ""]) {
    if (line.startsWith("|")) {
      table++;
      columns = line.split(/(?<!\\)\|/).length - 2;
    } else if (/^(?:- |\d+\. )/.test(line)) items++;
    else if (line.startsWith("#")) {
      end();
      shapes.push(`heading ${/^#+/.exec(line)?.[0]}`);
    } else if (line.startsWith("\0")) {
      end();
      shapes.push(`block ${line.slice(1)}`);
    } else if (/^\s*<img/.test(line)) shapes.push("picture");
    else if (line.trim() === "") end();
  }
  return shapes;
}

/** Comments are translated, commands are not. */
function withoutComments(text: string): string {
  return text
    .split("\n")
    .map((line) => line.replace(/(?:^| +)#(?= ).*$/, ""))
    .filter((line) => line !== "")
    .join("\n");
}

/** The code in running text, sorted: keys, commands, names. */
export function inlineCodeOf(markdown: string): string[] {
  const text = markdown.replaceAll(fence, "");
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code).toSorted();
}
