import { WAIT_LIMIT_MS } from "../limits.ts";
import type { Program } from "./program.ts";
import { type SrsOptions, startSrs } from "./srs.ts";
import type { Stage } from "./stage.ts";

/** What a server answered. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly bytes: Uint8Array;
}

/** A server with HLS of `live/show`, and what a viewer does with it. */
export class HlsEdge {
  readonly url: string;
  readonly rtmp: string;
  readonly rtmpPort: number;
  readonly program: Program;
  #link: string | undefined;

  private constructor(program: Program, rtmpPort: number, httpPort: number) {
    this.program = program;
    this.rtmpPort = rtmpPort;
    this.rtmp = `rtmp://127.0.0.1:${rtmpPort}/live/show`;
    this.url = `http://127.0.0.1:${httpPort}/live/show.m3u8`;
  }

  /** Starts one with segments of a second, or as `options.hls` says; `options.more` may have further tables. */
  static async start(
    stage: Stage,
    name: string,
    options: SrsOptions & { readonly hls?: string } = {},
  ): Promise<HlsEdge> {
    const hls = ["[http_server]", 'listen = "127.0.0.1:0"', "[vhost.__defaultVhost__.hls]", "enabled = true"];
    const more = [...hls, options.hls ?? "hls_fragment = 1\nhls_window = 8", options.more ?? ""].join("\n");
    const srs = await startSrs(stage, name, { ...options, more });
    const line = await srs.program.line(/ listening .*http=/);
    return new HlsEdge(srs.program, srs.port, Number(/http=\S*?:(\d+)/.exec(line)?.[1]));
  }

  /** The stream's page, playing in one way: `flv`, `ws`, `hls`. */
  page(way: string): string {
    return this.url.replace(".m3u8", `?via=${way}`);
  }

  /** Asks for a URL, or one that is relative to the playlist's. */
  async get(target = this.url): Promise<Answer> {
    const answer = await fetch(new URL(target, this.url));
    const bytes = new Uint8Array(await answer.arrayBuffer());
    return { status: answer.status, bytes, text: new TextDecoder().decode(bytes) };
  }

  /** The media playlist, by the link that the first answer had. */
  async media(): Promise<string> {
    if (this.#link === undefined) {
      const { status, text } = await this.get();
      this.#link = urisOf(text)[0];
      if (status !== 200 || this.#link === undefined) throw new Error(`no playlist: ${status} ${text}`);
    }
    const { status, text } = await this.get(this.#link);
    if (status !== 200) throw new Error(`no media playlist: ${status} ${text}`);
    return text;
  }

  /** The first media playlist that is as it is meant to be. */
  async mediaWhen(what: string, is: (text: string) => boolean | Promise<boolean>): Promise<string> {
    const deadline = performance.now() + WAIT_LIMIT_MS;
    for (;;) {
      const text = await this.media();
      if (await is(text)) return text;
      if (performance.now() > deadline) throw new Error(`not in time: ${what}\n${text}`);
      await Bun.sleep(20);
    }
  }
}

/** What a playlist leads to. */
export function urisOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}
