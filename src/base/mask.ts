/** Replaces a secret in texts that others may read. */
export const masked = "***";

/** Longer texts and fields are cut before they are masked; no line shows this much. */
const MAX_TEXT_CHARS = 16_384;
/** A text without any of these characters contains nothing that looks like a secret. */
const suspicious = /[?#&=@]|:\/\/|\.\.\.|:\s|(?:bearer|basic)\s/i;

/** A colon at the end belongs to the sentence, not to the URL: `redis://a:6379: no answer`. */
const url = /([a-z][a-z0-9+.-]{0,20}:\/\/)([^\s"]*?)(?=:?(?:[\s"]|$))/gi;
/** Host and port, one level of path, and the rest. */
const urlParts = /^(\[[^\]\s]*\](?::\d+)?|[^:/?#&,]*(?::\d+)?)((?:\/(?:(?!\.\.\.)[^/?#&,])*)?)(.*)$/s;
/** Punctuation of a sentence after a URL. */
const punctuation = /^[:;,.)]*$/;
/** Where parameters begin, in every spelling that clients use; the rest of the name is treated as parameters. */
const params = String.raw`(?:\?(?=[^\s?!.,;:)*"'])|#(?=\S{0,200}=)|&(?=[\w.%-]{0,200}=)|(?:\.\.\.|,|&&)(?:vhost|domain)(?:\.\.\.|=|,))`;
const paramsOfWord = new RegExp(String.raw`${params}\S*`, "g");
const paramsOfName = new RegExp(`${params}.*`, "s");
const secretWords = "key|token|secret|signature|sign|password|passwd|pwd";
/** Words that begin a message about a key, `rtmps.key: must be the path of a file`: not masked, even if a secret begins with one. */
const messageWords = "must|needs|set|unknown";
/** `key=secret`, `"token": "x"`. */
const assignment = new RegExp(
  String.raw`\b([\w.-]{0,40}(?:${secretWords}))(["']?\s*=\s*["']?|["']?:\s?["']?)(?!\s|(?<=: )(?:${messageWords})\s)([^\s"',;]+)`,
  "gi",
);
const secretName = new RegExp(`(?:${secretWords})$`, "i");
/** A level of a template's path that is nothing but the stream's own names, `[app]-[stream].flv`. */
const openLevel = /^(?:\[[a-z]+\]|[-_.])*(?:\.[a-z0-9]{1,4})?$/;
const credentials = /\b(bearer|basic)\s+[\w.~+/=-]{6,}/gi;

/**
 * A text with its secrets masked. Of a URL, the scheme, the host and the first level of the path stay (platforms use the
 * stream's name as a key). Masked are parameters, and values assigned to names such as key, token or secret.
 */
export function maskText(text: string): string {
  if (!suspicious.test(text)) return text;
  const quoted = cut(text).replace(/"([^"]+)"/g, (_, inner: string) => `"${maskName(inner)}"`);
  return maskAssignments(quoted.replace(url, (_, scheme: string, rest: string) => scheme + maskUrl(rest))).replace(
    paramsOfWord,
    `?${masked}`,
  );
}

/** The same for a text that is one name, path or URL: parameters extend to its end. */
export function maskName(text: string): string {
  if (!suspicious.test(text)) return text;
  const bare = cut(text).replace(paramsOfName, `?${masked}`);
  return maskAssignments(bare.replace(url, (_, scheme: string, rest: string) => scheme + maskUrl(rest)));
}

/** Whether a value of this name is always secret. */
export function namesSecret(name: string): boolean {
  return secretName.test(name);
}

/**
 * A template's path with its secrets masked. The first level stays, and so do levels that consist of placeholders and at most a
 * file extension; the first other level is masked with everything after it.
 */
export function maskPath(path: string): string {
  const hidden = hiddenFrom(path);
  return hidden === path.length ? path : path.slice(0, hidden) + masked;
}

/** The parts of a path that `maskPath` hides, a text for each level. */
export function hiddenLevels(path: string): string[] {
  return path.slice(hiddenFrom(path)).split("/");
}

/** Index of the first hidden level; the path's length when there is none. */
function hiddenFrom(path: string): number {
  let at = path.startsWith("/") ? 1 : 0;
  for (const [index, level] of path.slice(at).split("/").entries()) {
    if (index > 0 && !openLevel.test(level)) return at;
    at += level.length + 1;
  }
  return path.length;
}

function maskUrl(rest: string): string {
  const at = rest.search(/[/?#]/);
  const user = (at < 0 ? rest : rest.slice(0, at)).lastIndexOf("@");
  const parts = urlParts.exec(rest.slice(user + 1));
  if (parts === null) return masked;
  const [, host = "", first = "", behind = ""] = parts;
  const shown = `${user < 0 ? "" : `${masked}@`}${host}${first}`;
  if (behind === "/" || behind === `?${masked}` || punctuation.test(behind)) return shown + behind;
  return `${shown}${behind.startsWith("/") ? "/" : "?"}${masked}`;
}

function maskAssignments(text: string): string {
  return text.replace(assignment, `$1$2${masked}`).replace(credentials, `$1 ${masked}`);
}

function cut(text: string): string {
  return text.length > MAX_TEXT_CHARS ? text.slice(0, MAX_TEXT_CHARS) : text;
}
