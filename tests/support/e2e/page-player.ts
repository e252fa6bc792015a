import { symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Section } from "../pages.ts";
import { executable } from "./executable.ts";
import { Hosts } from "./hosts.ts";
import type { Program } from "./program.ts";
import type { Stage } from "./stage.ts";
import { until } from "./wait.ts";

const root = join(import.meta.dir, "../../..");
/** The reader's own machine. */
const HERE = "192.168.1.100";

/** Players need no screen and no sound. */
const headless = { SDL_VIDEODRIVER: "dummy", SDL_AUDIODRIVER: "dummy" };

/** Programs that play or publish, and need no test where they are missing. */
const clients = ["ffplay", "mpv", "cvlc", "gst-launch-1.0"];

/** The same command with a small picture, few players and a short time: what is tried is its words. */
function smaller(line: string): string {
  const picture = line.replace(/size=1280x720|width=1280,height=720/, (size) =>
    size.replace("1280", "320").replace("720", "180"),
  );
  return picture.replace(/--seconds \d+/, "--seconds 1").replace(/-n \d+/, "-n 5");
}

/**
 * Follows the commands of sections of a page as a reader does: `sh` blocks line by line, on the hosts that a comment names
 * (`# on 192.168.1.6`), in a folder with the executable, `conf/`, `in.flv` and the page's own files (`toml` blocks that begin
 * with their name). Servers and encoders go on, players until they play, all others have to end with status 0.
 */
export class PagePlayer {
  readonly #stage: Stage;
  readonly #hosts: Hosts;
  readonly #servers: Program[] = [];
  readonly #skipped: string[] = [];

  private constructor(stage: Stage, hosts: Hosts) {
    this.#stage = stage;
    this.#hosts = hosts;
  }

  /** Follows sections to the end of the last one; what was left out, as its program is missing. */
  static async follow(stage: Stage, sections: readonly Section[], clip: string): Promise<readonly string[]> {
    const blocks = sections.flatMap((section) => section.blocks);
    const named = blocks.flatMap(({ text }) => [...text.matchAll(/\b192\.168\.1\.\d+/g)].map(([address]) => address));
    const hosts = await Hosts.create(stage, [...new Set([HERE, ...named])]);
    symlinkSync(executable(), stage.path("srs"));
    symlinkSync(join(root, "conf"), stage.path("conf"));
    symlinkSync(clip, stage.path("in.flv"));
    stage.write("mpv.conf", "vo=null\nao=null\n");
    const player = new PagePlayer(stage, hosts);
    for (const { language, text } of blocks) {
      const name = /^# ([\w-]+\.(?:toml|conf))/.exec(text)?.[1];
      if (name !== undefined) stage.write(name, text);
      if (language === "sh") await player.#block(text);
    }
    for (const link of sections.flatMap(({ links }) => links))
      await player.#untilDone(HERE, `curl -sSf -o page ${link}`);
    return player.#skipped;
  }

  async #block(text: string): Promise<void> {
    let addresses: readonly string[] = [HERE];
    for (const line of text.replaceAll("\\\n", " ").trim().split("\n")) {
      const place = /^# on (.*)$/.exec(line);
      if (place !== null) {
        const named = [...(place[1] ?? "").matchAll(/[\d.]+\d/g)].map(([address]) => address);
        addresses = named.length === 0 ? [HERE] : named;
      }
      if (line.startsWith("#")) continue;
      for (const address of addresses) await this.#command(address, smaller(line.replace(/ +#(?= ).*$/, "")));
    }
  }

  async #command(address: string, line: string): Promise<void> {
    const [word = ""] = line.split(" ");
    if (clients.includes(word) && Bun.which(word) === null) {
      this.#skipped.push(word);
      return;
    }
    if (/^(?:SRS_\w+=\S+ )*(?:\.\/)?srs(?: (?:--conf )?\S+\.(?:toml|conf))?$/.test(line)) {
      const server = this.#start(address, line.replace(/^((?:SRS_\w+=\S+ )*)/, "env $1"));
      this.#servers.push(server);
      await server.line(/ listening /);
    } else if (["ffplay", "mpv", "cvlc"].includes(word)) {
      const before = this.#count(/ play started /);
      const player = this.#start(address, line);
      await this.#until(player, "play started", () => this.#count(/ play started /) > before);
      await player.kill();
    } else if (/^(?:ffmpeg .*-f flv rtmp:|gst-launch-1\.0 )/.test(line)) {
      const before = this.#count(/ publish started /);
      const encoder = this.#start(address, line);
      await this.#until(encoder, "publish started", () => this.#count(/ publish started /) > before);
    } else await this.#untilDone(address, line);
  }

  /** The first try may come before the stream does. */
  async #untilDone(address: string, line: string): Promise<void> {
    let last = "";
    await until(
      `${line} succeeds`,
      async () => {
        const { exitCode, said } = await this.#hosts.run(address, line, this.#options());
        last = said;
        return exitCode === 0;
      },
      undefined,
      () => last,
    );
  }

  async #until(program: Program, what: string, done: () => boolean): Promise<void> {
    await until(
      `${program.name}: ${what}`,
      () => {
        if (done()) return true;
        if (!program.running) throw new Error(`it has ended\n${program.tail()}`);
        return false;
      },
      undefined,
      () => [program, ...this.#servers].map((each) => each.tail()).join("\n"),
    );
  }

  #count(pattern: RegExp): number {
    return this.#servers.reduce((sum, server) => sum + server.count(pattern), 0);
  }

  #start(address: string, line: string): Program {
    return this.#hosts.start(address, line, this.#options());
  }

  #options() {
    const path = `${dirname(this.#stage.path("srs"))}:${process.env.PATH}`;
    return { cwd: this.#stage.directory, env: { PATH: path, ...headless, MPV_HOME: this.#stage.directory } };
  }
}
