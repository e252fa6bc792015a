import { messageOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { contentType } from "../../http/content-type.ts";
import { locationOf } from "../../http/location.ts";
import type { HttpRequest } from "../../http/request.ts";
import type { ServedFile } from "../../io/files/served-file.ts";
import type { Feature } from "../../live/ports/feature.ts";
import type { HttpAnswer, HttpExchange, HttpFile, HttpRoute } from "../../live/ports/http.ts";
import { textAnswer } from "./answer.ts";
import { headersOf } from "./statuses.ts";

const INDEX = "index.html";
/** The folder where ACME servers look for the answer to their challenge (RFC 8615). */
const WELL_KNOWN = "/.well-known/";

/** What StaticFiles needs from the server. */
export interface StaticFilesOptions {
  readonly log: Log;
  /** The folder, by the configuration in effect; `""` for none. */
  folder(): string;
  /** As `openServedFile`. */
  open(folder: string, path: string): Promise<ServedFile | "folder" | "busy" | undefined>;
}

/** Serves the files of a folder. */
export class StaticFiles implements Feature, HttpRoute {
  readonly name = "http_files";
  readonly http = [this];
  readonly #options: StaticFilesOptions;

  constructor(options: StaticFilesOptions) {
    this.#options = options;
  }

  handle(request: HttpRequest, exchange: HttpExchange): boolean {
    const folder = this.#options.folder();
    const { path } = request;
    if (folder === "" || request.webSocket || isHidden(path)) return false;
    this.#options.open(folder, path.endsWith("/") ? path + INDEX : path).then(
      (found) => this.#answer(found, request, exchange),
      (error: unknown) => {
        this.#options.log.warn("a file could not be opened", { path, error: messageOf(error) });
        exchange.respond(textAnswer(503, "this file can't be read now", headersOf(503)));
      },
    );
    return true;
  }

  #answer(found: ServedFile | "folder" | "busy" | undefined, request: HttpRequest, exchange: HttpExchange): void {
    if (found === undefined) exchange.pass();
    else if (found === "busy") exchange.respond(textAnswer(503, "too many files are being sent", headersOf(503)));
    else if (found !== "folder") exchange.respond(fileAnswer(found, request.path));
    // A page's relative links need the slash.
    else if (request.path.endsWith("/")) exchange.pass();
    else this.#toFolder(request, exchange);
  }

  /** Redirects to the path with a slash, if the folder has an index file. */
  #toFolder(request: HttpRequest, exchange: HttpExchange): void {
    const path = `${request.path}/`;
    this.#options.open(this.#options.folder(), path + INDEX).then(
      (found) => {
        if (typeof found !== "object") {
          exchange.pass();
          return;
        }
        found.close();
        exchange.respond(textAnswer(308, "this is a folder", { location: locationOf(path, request.query) }));
      },
      () => exchange.pass(),
    );
  }
}

function fileAnswer(file: ServedFile, path: string): HttpAnswer {
  const body: HttpFile = file;
  return {
    status: 200,
    type: contentType(path.endsWith("/") ? INDEX : path),
    // Browsers ask for the file again each time; if it has not changed, they get a 304.
    headers: { "cache-control": "no-cache" },
    etag: `"${file.size.toString(16)}-${Math.floor(file.modifiedMs * 1000).toString(16)}"`,
    lastModifiedMs: file.modifiedMs,
    body,
  };
}

/** Names that begin with a dot are not served: .git, .htpasswd, editors' copies. */
function isHidden(path: string): boolean {
  return (path.startsWith(WELL_KNOWN) ? path.slice(WELL_KNOWN.length - 1) : path).includes("/.");
}
