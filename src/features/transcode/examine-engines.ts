import { nearest } from "../../base/suggest.ts";
import { showPath } from "../../config/show.ts";
import type { ProgramResult } from "../../io/os/run-program.ts";
import { type EncodedTrack, trialCommand } from "./arguments.ts";
import type { EngineConfig, TranscodeConfig } from "./config.ts";
import type { EnginesOfVhost } from "./engine-problems.ts";
import { type FfmpegFacts, flvProblem, readFacts } from "./ffmpeg-facts.ts";
import { hardwareApi, softwareEncoder } from "./hardware.ts";
import { encodedTrack } from "./plan.ts";

/** Time limit for a call of FFmpeg: for its facts, or for the trial of a track. */
const TRIAL_MS = 20_000;
/** Maximum number of trials at a time. */
const AT_A_TIME = 2;

/** Runs a program to its end. */
export type RunProgram = (command: readonly string[], timeoutMs: number) => Promise<ProgramResult>;

/** The facts of the installed FFmpegs; asks each FFmpeg once. */
export class InstalledFfmpegs {
  readonly #run: RunProgram;
  readonly #asked = new Map<string, Promise<FfmpegFacts | string>>();
  readonly #known = new Map<string, FfmpegFacts>();

  constructor(run: RunProgram) {
    this.#run = run;
  }

  /** The facts of an FFmpeg that was asked before. */
  known(ffmpeg: string): FfmpegFacts | undefined {
    return this.#known.get(ffmpeg);
  }

  /** Asks an FFmpeg for its facts, or returns the reason why it can't be used. */
  ask(ffmpeg: string): Promise<FfmpegFacts | string> {
    let asked = this.#asked.get(ffmpeg);
    if (asked === undefined) {
      asked = this.#ask(ffmpeg);
      this.#asked.set(ffmpeg, asked);
    }
    return asked;
  }

  run(command: readonly string[]): Promise<ProgramResult> {
    return this.#run(command, TRIAL_MS);
  }

  async #ask(ffmpeg: string): Promise<FfmpegFacts | string> {
    const [version, encoders] = await Promise.all([
      this.run([ffmpeg, "-version"]),
      this.run([ffmpeg, "-hide_banner", "-encoders"]),
    ]);
    if (!version.ok) return firstLine(version.error) || "it does not run";
    const facts = readFacts(version.output, encoders.output);
    if (facts === undefined) return "it is no FFmpeg";
    this.#known.set(ffmpeg, facts);
    return facts;
  }
}

/** The findings of an examination of engines, one line each. */
export interface EngineFindings {
  /** With these the server must not start. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** Asks each FFmpeg that engines need for its abilities, and tries each engine on a test picture and tone. */
export async function examineEngines(
  vhosts: ReadonlyMap<string, EnginesOfVhost>,
  settings: TranscodeConfig,
  installed: InstalledFfmpegs,
): Promise<EngineFindings> {
  const problems: string[] = [];
  const warnings: string[] = [];
  const queue = [...vhosts].flatMap(([vhost, { transcode }]) =>
    [...transcode].map(([name, engine]) => ({ at: showPath(["vhost", vhost, "transcode", name]), engine })),
  );
  const work = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { at, engine } = next;
      const found = await examineEngine(engine, engine.ffmpeg || settings.ffmpeg, installed);
      problems.push(...found.problems.map((problem) => `${at}: ${problem}`));
      warnings.push(...found.warnings.map((warning) => `${at}: ${warning}`));
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return { problems, warnings };
}

async function examineEngine(
  engine: EngineConfig,
  ffmpeg: string,
  installed: InstalledFfmpegs,
): Promise<EngineFindings> {
  const tracks = (["video", "audio"] as const).flatMap((kind) => {
    const track = encodedTrack({ kind, engine }, false);
    return track.encoder === "copy" || track.encoder === "none" || track.encoder === "" ? [] : [track];
  });
  if (tracks.length === 0) return { problems: [], warnings: [] };
  const facts = await installed.ask(ffmpeg);
  if (typeof facts === "string")
    return { problems: [`can't run ${ffmpeg}: ${facts}; install FFmpeg, or write its path as ffmpeg`], warnings: [] };
  const unknown = tracks.flatMap((track) => encoderProblem(track, facts) ?? []);
  if (unknown.length > 0) return { problems: unknown, warnings: [] };
  const found = await Promise.all(tracks.map((track) => tryTrack(track, ffmpeg, facts, installed)));
  return { problems: found.flatMap(({ problems }) => problems), warnings: found.flatMap(({ warnings }) => warnings) };
}

function encoderProblem({ kind, engine, encoder }: EncodedTrack, facts: FfmpegFacts): string | undefined {
  const key = kind === "video" ? "vcodec" : "acodec";
  const known = facts.encoders.get(encoder);
  if (known === undefined && kind === "video" && softwareEncoder(engine) !== undefined) return undefined;
  if (known === undefined) {
    return `${key}: FFmpeg ${facts.version} has no encoder "${encoder}"${meantInstead(encoder, facts)}`;
  }
  if (known.kind !== kind) return `${key}: "${encoder}" is an encoder of ${known.kind}`;
  const problem = flvProblem(facts, known.codec);
  return problem === undefined ? undefined : `${key}: ${problem}`;
}

/** FFmpeg's names of codecs, by other names that people write. */
const codecAliases: Readonly<Record<string, string>> = { x264: "h264", avc: "h264", h265: "hevc", x265: "hevc" };

/** Suggests encoders in place of an unknown one: if the name is a codec's, the encoders of that; otherwise one with a similar name. */
function meantInstead(encoder: string, { encoders }: FfmpegFacts): string {
  const codec = codecAliases[encoder] ?? encoder;
  const ofCodec = [...encoders].filter(([, { codec: made }]) => made === codec).map(([name]) => name);
  if (ofCodec.length > 0) return `; its encoders of ${codec} are ${ofCodec.join(", ")}`;
  const meant = nearest(encoder, [...encoders.keys()]);
  return meant === undefined ? '; "ffmpeg -encoders" lists what it has' : `; did you mean "${meant}"?`;
}

async function tryTrack(
  track: EncodedTrack,
  ffmpeg: string,
  facts: FfmpegFacts,
  installed: InstalledFfmpegs,
): Promise<EngineFindings> {
  const attempt = (tried: EncodedTrack) =>
    installed.run(trialCommand({ ffmpeg, container: "flv", tracks: [tried] }, facts));
  const result = await attempt(track);
  if (result.ok) return { problems: [], warnings: ignoredOptions(result.error) };
  const reason = firstLine(result.error);
  const instead = track.kind === "video" ? softwareEncoder(track.engine) : undefined;
  if (hardwareApi(track.encoder) !== undefined && instead !== undefined) {
    const second = await attempt({ ...track, encoder: instead });
    if (second.ok)
      return { problems: [], warnings: [`${track.encoder} does not run here (${reason}); ${instead} encodes instead`] };
    return {
      problems: [`${track.encoder} does not run here (${reason}), nor does ${instead}: ${firstLine(second.error)}`],
      warnings: [],
    };
  }
  if (hardwareApi(track.encoder) !== undefined)
    return { problems: [`${track.encoder} does not run here (${reason}), and no fallback is set`], warnings: [] };
  return {
    problems: [`FFmpeg refuses the ${track.kind}'s settings: ${reason}${hint(reason, track.encoder)}`],
    warnings: [],
  };
}

/** Names the command that lists the possible values, if FFmpeg refuses an unknown one. */
function hint(reason: string, encoder: string): string {
  if (/No such filter/.test(reason)) return '; "ffmpeg -filters" lists what it has';
  return /Unrecognized option|Undefined constant|not found/.test(reason)
    ? `; "ffmpeg -h encoder=${encoder}" lists what it takes`
    : "";
}

/** The message of an encoder that ignores an unknown option among its own. */
function ignoredOptions(messages: string): string[] {
  const ignored = messages.split("\n").find((line) => /error parsing option|has not been used/i.test(line));
  return ignored === undefined ? [] : [`FFmpeg ignores an option: ${firstLine(ignored)}`];
}

/** The first line of FFmpeg's messages, which says most, without the memory address of the object that it comes from. */
function firstLine(text: string): string {
  const lines = text.split(/[\r\n]+/).map((line) => line.replace(/ @ 0x[0-9a-f]+\]/g, "]").trim());
  return lines.find((line) => line !== "")?.slice(0, 300) ?? "";
}
