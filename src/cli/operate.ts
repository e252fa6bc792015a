import type { ArgsDef } from "citty";
import { UserError } from "../base/errors.ts";
import { printable } from "../base/printable.ts";
import type { StreamAnswer, TargetAnswer } from "./api-types.ts";
import { ApiAsker, serverOptions } from "./ask.ts";
import { type Command, command } from "./command.ts";
import type { CommandSet } from "./dispatch.ts";
import { commonOptions } from "./options.ts";
import type { Output } from "./output.ts";

const options = { ...serverOptions, ...commonOptions } as const satisfies ArgsDef;
const withId = { id: { type: "positional", required: false }, ...options } as const satisfies ArgsDef;

/** `srs kick ID`: sends a client of the running server away. */
export function kickCommand({ out }: Output): Command {
  const ban = {
    type: "string",
    valueHint: "SECONDS",
    description: "Keep its address away from the stream for this long",
  } as const;
  return command({
    call: "srs kick CLIENT --conf FILE",
    does: "Disconnect a client; --ban SECONDS keeps its address away for a time",
    options: { ...withId, ban },
    async run(args, argv) {
      const id = given(args.id, "which client? srs top lists them: srs kick c17");
      const query = args.ban === undefined ? "" : `?ban=${encodeURIComponent(args.ban)}`;
      await new ApiAsker(args, argv).ask("DELETE", `/api/v1/clients/${encodeURIComponent(id)}${query}`);
      out(`${id} is sent away`);
      return 0;
    },
  });
}

/** `srs switch STREAM SOURCE`: makes another source of a stream the active one. */
export function switchCommand({ out }: Output): Command {
  const words = {
    stream: { type: "positional", required: false },
    source: { type: "positional", required: false },
  } as const;
  return command({
    call: "srs switch STREAM SOURCE --conf FILE",
    does: "Make a standby source the active one: srs switch /live/show c17",
    options: { ...words, ...options },
    async run(args, argv) {
      const stream = given(args.stream, "which stream? srs status lists them: srs switch /live/show c17");
      const source = given(args.source, "which source? srs status lists those that stand by");
      const asker = new ApiAsker(args, argv);
      await asker.ask("POST", `/api/v1/streams/${await streamId(asker, stream)}/switch`, { source });
      out(`${stream} comes from ${source}`);
      return 0;
    },
  });
}

/** `srs forward …`: commands for forwards and their targets while the server runs. */
export function forwardCommands(output: Output, version: string): CommandSet {
  const act = (action: string, does: string, done: string) =>
    command({
      call: `srs forward ${action} ID --conf FILE`,
      does,
      options: withId,
      async run(args, argv) {
        const id = given(args.id, `which forward? srs status lists them: srs forward ${action} f3`);
        await new ApiAsker(args, argv).ask("POST", `/api/v1/forwards/${encodeURIComponent(id)}/${action}`);
        output.out(`${id} ${done}`);
        return 0;
      },
    });
  return {
    name: "srs forward",
    line: { call: "srs forward add|remove|retry|pause|resume", does: "Change forwards while streams run" },
    alone: undefined,
    commands: new Map([
      ["add", addCommand(output)],
      ["remove", removeCommand(output)],
      ["retry", act("retry", "Make a forward's next attempt now", "is tried now")],
      ["pause", act("pause", "End a forward until it is resumed", "is paused")],
      ["resume", act("resume", "Let a paused forward go on", "goes on")],
    ]),
    options,
    mistake: 1,
    version,
  };
}

function addCommand({ out }: Output): Command {
  const scope = (what: string) =>
    ({ type: "string", valueHint: "NAME", description: `Only for this ${what}` }) as const;
  return command({
    call: "srs forward add TARGET --conf FILE",
    does: "Send streams to another server until the target is removed",
    options: {
      target: { type: "positional", required: false },
      ...options,
      vhost: scope("vhost"),
      app: scope("app"),
      stream: scope("stream's name"),
      keep: { type: "boolean", description: "Keep the target after a restart, in the file that forward_state names" },
    },
    async run(args, argv) {
      const target = given(args.target, "which target? srs forward add rtmp://host/app/stream");
      const { vhost, app, stream, keep } = args;
      const scopes = { ...(vhost && { vhost }), ...(app && { app }), ...(stream && { stream }) };
      const request = { target, ...scopes, ...(keep && { keep }) };
      const answer = await new ApiAsker(args, argv).ask<{ target: TargetAnswer }>("POST", "/api/v1/targets", request);
      out(printable(`${answer.target.id} ${answer.target.target}`));
      return 0;
    },
  });
}

function removeCommand({ out }: Output): Command {
  return command({
    call: "srs forward remove ID --conf FILE",
    does: "Remove a target that was added",
    options: withId,
    async run(args, argv) {
      const id = given(args.id, "which target? srs status lists those that were added: srs forward remove t1");
      await new ApiAsker(args, argv).ask("DELETE", `/api/v1/targets/${encodeURIComponent(id)}`);
      out(`${id} is removed`);
      return 0;
    },
  });
}

/** The id of a stream that is given by its id, as `vhost/app/stream`, or as `/app/stream` if only one vhost has it. */
async function streamId(asker: ApiAsker, name: string): Promise<string> {
  if (!name.includes("/")) return encodeURIComponent(name);
  const { streams } = await asker.ask<{ streams: StreamAnswer[] }>("GET", "/api/v1/streams?count=100000");
  const path = name.startsWith("/") ? name : `/${name}`;
  const exact = streams.filter(({ url }) => url === name || url === path);
  const found = exact.length > 0 ? exact : streams.filter((each) => `/${each.app}/${each.name}` === path);
  const [only] = found;
  if (only === undefined) throw new UserError(`there is no stream ${name} now; srs status lists those that are`);
  if (found.length > 1)
    throw new UserError(`several vhosts have ${name}; give the id of one: ${found.map(({ id }) => id).join(", ")}`);
  return only.id;
}

function given(word: string | undefined, otherwise: string): string {
  if (word === undefined || word === "") throw new UserError(otherwise);
  return word;
}
