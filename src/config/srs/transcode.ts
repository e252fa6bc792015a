import { quote } from "../show.ts";
import type { Directive } from "./directive.ts";
import { type Scope, wordOf } from "./mapping.ts";
import { isOn, mapped, type Rule } from "./rules.ts";

/** Directives of an engine that equal one of our keys. */
const engineKeys: Readonly<Record<string, string>> = {
  vcodec: "vcodec",
  vbitrate: "vbitrate",
  vfps: "vfps",
  vwidth: "width",
  vheight: "height",
  vthreads: "vthreads",
  vprofile: "vprofile",
  vpreset: "vpreset",
  acodec: "acodec",
  abitrate: "abitrate",
  asample_rate: "asample_rate",
  achannels: "achannels",
};
/** Blocks of options, each `name value;`. */
const optionBlocks: ReadonlySet<string> = new Set(["vparams", "aparams", "perfile"]);
/** SRS writes a codec that drops the track as FFmpeg's old options `vn` and `an`. */
const noTrack: Readonly<Record<string, string>> = { vn: "none", an: "none" };

/** The feature's name for `--ignore`. */
const IGNORE = "transcode";

/** `transcode [app[/stream]] { enabled; ffmpeg; engine NAME { … } }` of a vhost; `--ignore transcode` leaves it out. */
export const transcode: Rule = {
  ...mapped(
    "tables of `transcode`, one for each `engine` that is on, with `streams` by the word behind `transcode`; see [transcode.md](transcode.md#srs)",
    (directive, scope) => {
      const { mapping } = scope;
      const { body } = directive;
      if (body === undefined) {
        if (wordOf(directive) !== "off") mapping.error(directive, "must be a block, transcode { … }");
      } else if (isOn(directive)) {
        if (mapping.isIgnored(IGNORE)) mapping.leaveOut(directive, "--ignore names it");
        else engines(directive, body, scope);
      }
    },
  ),
  ignore: IGNORE,
};

function engines(directive: Directive, body: readonly Directive[], scope: Scope): void {
  const ffmpeg = body.find(({ name }) => name === "ffmpeg");
  for (const each of body) {
    if (each.name === "engine") engine(each, directive, ffmpeg, scope);
    else if (each.name !== "enabled" && each.name !== "ffmpeg") unknown(each, scope);
  }
}

function engine(directive: Directive, around: Directive, ffmpeg: Directive | undefined, scope: Scope): void {
  const { mapping, path } = scope;
  if (directive.body === undefined) return mapping.error(directive, "must be a block, engine NAME { … }");
  if (!isOn(directive)) return;
  const [streams] = around.args;
  const name = [streams?.text.replaceAll("/", "-"), wordOf(directive) || "engine"].filter(Boolean).join("-");
  const table = [...path, "transcode", name];
  if (!mapping.open(table, directive)) return;
  if (streams !== undefined) {
    const pattern = streams.text.includes("/") ? streams.text : `${streams.text}/*`;
    mapping.set([...table, "streams"], { ...around, body: undefined }, [pattern]);
  }
  if (ffmpeg !== undefined) mapping.set([...table, "ffmpeg"], ffmpeg);
  for (const each of directive.body) engineDirective(each, table, scope, wordOf(directive));
}

function engineDirective(directive: Directive, table: readonly (string | number)[], scope: Scope, name: string): void {
  const { mapping } = scope;
  const key = engineKeys[directive.name];
  if (key !== undefined) {
    const word = wordOf(directive);
    mapping.set([...table, key], directive, word === "" ? undefined : [noTrack[word] ?? word]);
  } else if (optionBlocks.has(directive.name)) {
    const options = (directive.body ?? []).map((option) =>
      [option.name, ...option.args.map(({ text }) => text)].join(" "),
    );
    if (options.length > 0) mapping.set([...table, directive.name], { ...directive, body: undefined }, options);
  } else if (directive.name === "vfilter") filters(directive, table, scope);
  else if (directive.name === "output")
    mapping.set([...table, "output"], directive, [outputOf(wordOf(directive), name)]);
  else if (directive.name === "iformat" || directive.name === "oformat") format(directive, scope);
  else if (directive.name !== "enabled") unknown(directive, scope);
}

/** `vfilter { i logo.png; filter_complex …; vf …; }` */
function filters(directive: Directive, table: readonly (string | number)[], { mapping, ...scope }: Scope): void {
  for (const each of directive.body ?? []) {
    if (each.name === "i") mapping.set([...table, "inputs"], each);
    else if (each.name === "filter_complex") mapping.set([...table, "filter_complex"], each);
    else if (each.name === "vf") mapping.set([...table, "vfilter"], each);
    else if (each.name === "v") mapping.warn(each, "ignored: FFmpeg's messages go to the log");
    else unknown(each, { mapping, ...scope });
  }
}

function format(directive: Directive, { mapping }: Scope): void {
  const word = wordOf(directive);
  if (word !== "flv" && word !== "off") mapping.warn(directive, "ignored: FFmpeg gets and gives what both sides can");
}

function unknown(directive: Directive, { mapping }: Scope): void {
  mapping.error(directive, `unknown directive of transcode, ${quote(directive.name)}`);
}

/** A URL of SRS's own server: its path, with the vhost as a parameter somewhere. */
const OWN_URL = /^rtmp:\/\/(?:127\.0\.0\.1|localhost)(?::(?:\[port\]|\d+))?\/(.+)$/;
const VHOST_PARAM = /\?vhost=([^/&?]+)/;

/**
 * Our output for SRS's: `rtmp://127.0.0.1:[port]/[app]?vhost=[vhost]/[stream]_[engine]`, the server itself, is
 * `[vhost]/[app]/[stream]_[engine]`. `[param]`, the publisher's parameters, is dropped: outputs need not pass the server's guards.
 */
function outputOf(url: string, engineName: string): string {
  const named = url.replaceAll("[engine]", engineName);
  const [, path] = OWN_URL.exec(named) ?? [];
  if (path === undefined) return named;
  const vhost = VHOST_PARAM.exec(path)?.[1] ?? "__defaultVhost__";
  return `${vhost}/${path.replace(VHOST_PARAM, "").replaceAll("[param]", "")}`;
}
