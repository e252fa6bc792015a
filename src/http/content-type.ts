/** Types by file ending. Playlists and media have the types that players expect, text has its charset. */
const types: Readonly<Record<string, string>> = {
  m3u8: "application/vnd.apple.mpegurl",
  ts: "video/mp2t",
  flv: "video/x-flv",
  aac: "audio/aac",
  mp3: "audio/mpeg",
  m4s: "video/iso.segment",
  mp4: "video/mp4",
  m4v: "video/mp4",
  m4a: "audio/mp4",
  mpd: "application/dash+xml",
  vtt: "text/vtt; charset=utf-8",
  webm: "video/webm",
  html: "text/html; charset=utf-8",
  htm: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  mjs: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  json: "application/json",
  map: "application/json",
  webmanifest: "application/manifest+json",
  txt: "text/plain; charset=utf-8",
  md: "text/markdown; charset=utf-8",
  csv: "text/csv; charset=utf-8",
  xml: "application/xml",
  pdf: "application/pdf",
  png: "image/png",
  svg: "image/svg+xml",
  ico: "image/x-icon",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  avif: "image/avif",
  woff: "font/woff",
  woff2: "font/woff2",
  ttf: "font/ttf",
  wasm: "application/wasm",
};

/** The type of unknown bytes, which browsers save. */
const UNKNOWN = "application/octet-stream";

/** The Content-Type of a file, by the ending of its name in any case. */
export function contentType(path: string): string {
  const ending = endingOf(path);
  return Object.hasOwn(types, ending) ? (types[ending] ?? UNKNOWN) : UNKNOWN;
}

/** Whether a path ends like that of a file with a type of its own: `/player/style.css`. */
export function hasFileEnding(path: string): boolean {
  return Object.hasOwn(types, endingOf(path));
}

function endingOf(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const dot = name.lastIndexOf(".");
  return dot < 0 ? "" : name.slice(dot + 1).toLowerCase();
}
