import { Client, type Received } from "../client.ts";
import { executable } from "../executable.ts";
import { avcFrame, avcHeader, frameNumber } from "../payloads.ts";
import type { Program } from "../program.ts";
import { patience } from "../srs.ts";
import type { Stage } from "../stage.ts";
import { until } from "../wait.ts";

/** Runs of commands so far: each has files of its own for what it prints (see `OutputFile`). */
let runs = 0;

/** A server whose configuration a test changes. */
export class ReloadServer {
  readonly stage: Stage;
  readonly program: Program;
  readonly #conf: string;

  private constructor(stage: Stage, program: Program, conf: string) {
    this.stage = stage;
    this.program = program;
    this.#conf = conf;
  }

  /** Starts one with this TOML; `listen`, where it has none, is any port of loopback. */
  static async start(stage: Stage, toml: string, name = "server", executed = executable()): Promise<ReloadServer> {
    const conf = stage.write(`${name}.toml`, whole(stage, toml, name));
    const program = stage.start(name, [executed, "--conf", conf], { env: patience(toml) });
    const server = new ReloadServer(stage, program, conf);
    await server.program.line(/ listening rtmp=/);
    return server;
  }

  /** The port that it listens on. */
  get port(): number {
    return this.ports[0] ?? 0;
  }

  /** All ports that it has listened on so far. */
  get ports(): number[] {
    return this.program.lines.flatMap((line) => {
      const port = / listening rtmp=\S*:(\d+)/.exec(line)?.[1];
      return port === undefined ? [] : [Number(port)];
    });
  }

  url(path: string): string {
    return `rtmp://127.0.0.1:${this.port}/${path}`;
  }

  /** Changes the file to this TOML. */
  write(toml: string): void {
    this.stage.write(`${this.program.name}.toml`, whole(this.stage, toml, this.program.name));
  }

  /** Runs `srs COMMAND --conf FILE`, by another file of the program if need be. */
  async run(command: string, program = executable()): Promise<{ exitCode: number; out: string; err: string }> {
    const printed = this.stage.path(`.${command}-${++runs}`);
    const [stdout, stderr] = [Bun.file(`${printed}.out`), Bun.file(`${printed}.err`)];
    const child = Bun.spawn([program, command, "--conf", this.#conf], { stdout, stderr });
    const exitCode = await child.exited;
    const [out, err] = await Promise.all([stdout.text(), stderr.text()]);
    return { exitCode, out, err };
  }

  /** Changes the file and has the server take it; fails when it does not. */
  async reload(toml: string): Promise<void> {
    this.write(toml);
    const { exitCode, out, err } = await this.run("reload");
    if (exitCode !== 0 || !out.includes("reloaded")) throw new Error(`not reloaded: ${exitCode}\n${out}${err}`);
  }

  publish(name = "show"): Promise<Client> {
    return Client.publish(this.stage, { port: this.port }, name);
  }

  play(name = "show"): Promise<Client> {
    return Client.play(this.stage, { port: this.port }, name);
  }

  /** A client that may be disconnected before it has said anything. */
  async isRefused(port = this.port): Promise<boolean> {
    try {
      const client = await Client.connect(this.stage, { port });
      return client.closed;
    } catch {
      return true;
    }
  }
}

/** A group of pictures: a key frame with this number, and `count - 1` others behind it, 40 ms apart from `time` on. */
export function sendGop(publisher: Client, number: number, count: number, time = number * 40, size = 200): void {
  publisher.send(9, time, avcHeader);
  for (let at = 0; at < count; at++) publisher.send(9, time + at * 40, avcFrame(at === 0, number + at, size));
}

/** The packet with this picture, once a client has it. */
export function picture(client: Client, number: number): Promise<Received> {
  return client.packet(`picture ${number}`, ({ payload }) => frameNumber(payload) === number);
}

/** The number of the first picture that a client gets. */
export function firstPicture(client: Client): Promise<number> {
  return until("a picture", () =>
    client.packets.map(({ payload }) => frameNumber(payload)).find((n) => n !== undefined),
  );
}

function whole(stage: Stage, toml: string, name: string): string {
  const [top = ""] = toml.split(/^\[/m);
  const listen = /^listen/m.test(top) ? "" : 'listen = "127.0.0.1:0"\n';
  return `pid = "${stage.path(`${name}.pid`)}"\n${listen}${toml}`;
}
