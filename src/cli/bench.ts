import { UserError } from "../base/errors.ts";
import type { BenchPlan } from "../loadgen/plan.ts";
import { progressLine } from "../loadgen/progress.ts";
import { loadRecording, makeBench } from "../loadgen/start.ts";
import { summary } from "../loadgen/summary.ts";
import { BenchUrl } from "../loadgen/url.ts";
import {
  checkOption,
  fileOption,
  numberOf,
  playUrlOption,
  reconnectOption,
  runOf,
  runOptions,
  shapeOf,
  streamOptions,
  urlArgument,
  variantOption,
} from "./bench-options.ts";
import { type Command, command } from "./command.ts";
import { type CommandSet, reportMistake } from "./dispatch.ts";
import { commonOptions } from "./options.ts";
import type { Output } from "./output.ts";

/** Seconds between progress lines when standard error is no terminal. */
const PLAIN_PROGRESS_SECONDS = 5;

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

const playerOptions = { ...checkOption, ...reconnectOption, ...variantOption };
const playOptions = { ...urlArgument, ...commonOptions, ...runOptions, ...playerOptions };
const publishOptions = { ...urlArgument, ...commonOptions, ...runOptions, ...streamOptions, ...fileOption };
const bothOptions = {
  ...urlArgument,
  ...commonOptions,
  ...runOptions,
  ...streamOptions,
  ...playUrlOption,
  ...playerOptions,
};

/** `srs bench`: its commands, and help on all of them. */
export function benchCommands(output: Output, version: string): CommandSet {
  return {
    name: "srs bench",
    line: { call: "srs bench play|publish|both URL", does: "Measure a server (see srs bench --help)" },
    alone: undefined,
    commands: new Map([
      ["play", playCommand(output)],
      ["publish", publishCommand(output)],
      ["both", bothCommand(output)],
    ]),
    options: { ...playOptions, ...publishOptions, ...bothOptions },
    mistake: 2,
    version,
  };
}

/** `srs bench play`: players of a published stream. */
function playCommand(output: Output): Command {
  return command({
    call: "srs bench play URL",
    does: "Play a stream many times: rtmp://…, or http://….flv, .ts, .m3u8 (ws:// too)",
    options: playOptions,
    run: (args) =>
      runPlan(output, args.json === true, () => {
        const { count, seconds, rate } = runOf(args);
        const play = { url: urlOf(args.url), count, ...playersOf(args, count) };
        return { command: "play", play, publish: undefined, seconds, rate };
      }),
  });
}

/** `srs bench publish`: encoders. */
function publishCommand(output: Output): Command {
  return command({
    call: "srs bench publish URL",
    does: "Publish streams; {} in the URL is the number of each",
    options: publishOptions,
    run: (args) =>
      runPlan(output, args.json === true, () => {
        const { count, seconds, rate } = runOf(args);
        const shape = shapeOf(args);
        const url = publishUrlOf(args.url, count > 1);
        const { file } = args;
        const shaped = [args.kbps, args.fps, args.gop, args["audio-tracks"]].some((given) => given !== undefined);
        if (file !== undefined && shaped)
          throw new UserError(
            "--file has a bitrate, frame rate, key frames and audio of its own; leave out --kbps, --fps, --gop and --audio-tracks",
          );
        const content = file === undefined ? shape : loadRecording(file);
        return { command: "publish", play: undefined, publish: { url, count, content }, seconds, rate };
      }),
  });
}

/** `srs bench both`: one encoder and players of its stream, which measure each frame's delay. */
function bothCommand(output: Output): Command {
  return command({
    call: "srs bench both URL",
    does: "Publish a stream and play it many times",
    options: bothOptions,
    run: (args) =>
      runPlan(output, args.json === true, () => {
        const { count, seconds, rate } = runOf(args);
        const publish = { url: publishUrlOf(args.url, false), count: 1, content: shapeOf(args) };
        const playUrl = args["play-url"];
        const url = playUrl === undefined ? publish.url : new BenchUrl(playUrl);
        if (publish.url.numbered || url.numbered)
          throw new UserError("srs bench both publishes one stream: {} has no meaning");
        const play = { url, count, ...playersOf(args, count) };
        return { command: "both", play, publish, seconds, rate };
      }),
  });
}

/** Runs the plan that `makePlan` makes from the command line; returns the exit code, 2 for a wrong command line. */
async function runPlan(output: Output, json: boolean, makePlan: () => BenchPlan): Promise<number> {
  let plan: BenchPlan;
  try {
    plan = makePlan();
  } catch (error) {
    return reportMistake(error, output, 2);
  }
  let reported = 0;
  const bench = makeBench(plan, (progress) => {
    reported++;
    if (output.status !== undefined) output.status(progressLine(progress));
    else if (reported % PLAIN_PROGRESS_SECONDS === 0) output.err(progressLine(progress));
  });
  // A second signal ends the process at once.
  const stop = () => bench.stop();
  for (const signal of SIGNALS) process.once(signal, stop);
  const report = await bench.run();
  for (const signal of SIGNALS) process.off(signal, stop);
  output.status?.("");
  output.out(json ? JSON.stringify(report) : summary(report));
  return report.problems.length === 0 ? 0 : 1;
}

function urlOf(text: string | undefined): BenchUrl {
  if (text === undefined) throw new UserError("which stream? Give a URL like rtmp://host/live/livestream");
  return new BenchUrl(text);
}

/** The URL to publish to; for many publishers, one with a stream for each. */
function publishUrlOf(text: string | undefined, many: boolean): BenchUrl {
  const url = many ? urlOf(text).forMany() : urlOf(text);
  url.publishTarget(0);
  return url;
}

/** The players' options. Throws UserError. */
function playersOf(
  args: {
    readonly check?: string | undefined;
    readonly reconnect?: boolean | undefined;
    readonly variant?: string | undefined;
  },
  count: number,
) {
  const checked = numberOf("--check", args.check, 100, { min: 0, max: 100_000, whole: true }) || count;
  return { checked, reconnect: args.reconnect === true, variant: args.variant ?? "first" };
}
