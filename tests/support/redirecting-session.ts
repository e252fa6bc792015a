import { AmfObject } from "../../src/amf/value.ts";
import { defaultLimits } from "../../src/rtmp/limits.ts";
import { ServerSession } from "../../src/rtmp/server-session.ts";
import { command } from "./session.ts";

/** The session of a server that sends all who play or publish to another one, as SRS's origin cluster does. */
export function redirectingSession(
  { redirect, redirect2 }: { readonly redirect: string; readonly redirect2: string },
  send: (bytes: Uint8Array) => void,
): ServerSession {
  const answer = () => {
    const ex = AmfObject.of({ code: 302, redirect, redirect2 });
    const code = "NetConnection.Connect.Rejected";
    const description = "RTMP 302 Redirect";
    send(command("onStatus", 0, null, AmfObject.of({ level: "error", code, description, ex })));
  };
  const session: ServerSession = new ServerSession(
    { connect: () => session.acceptConnect(128) },
    {
      publish: answer,
      play: answer,
      pause() {},
      receive() {},
      restart() {},
      hops() {},
      epoch() {},
      age() {},
      ended() {},
    },
    {
      limits: defaultLimits,
      send,
      now: () => 0,
      random: (into) => into.fill(1),
      soon: queueMicrotask,
      identity: {},
    },
  );
  return session;
}
