import { describe, expect, test } from "bun:test";
import { decodeAmfMessage } from "../../../src/amf/message.ts";
import { AmfObject, type AmfValue } from "../../../src/amf/value.ts";
import type { ClientTarget } from "../../../src/rtmp/client-session.ts";
import { UserControl } from "../../../src/rtmp/messages.ts";
import { ClientUnderTest, status, success, target } from "../../support/client-server.ts";
import { command, SentReader, userControl } from "../../support/session.ts";
import { tag } from "../../support/tags.ts";

const info = (code: string, description: string) => AmfObject.of({ level: "error", code, description });

/** `connect` as the client sent it: the fields of its object, and of the optional arguments. */
function connectOf(
  role: ClientTarget["role"],
  change: Partial<ClientTarget> = {},
): { fields: Record<string, unknown>; extra: Record<string, unknown> } {
  const reader = new SentReader(3073);
  const client = new ClientUnderTest({ ...change, role }, (bytes) => reader.push(bytes));
  client.opened();
  const [name, transaction, object, extra] = decodeAmfMessage(reader.take()[0]?.payload ?? new Uint8Array(0), false);
  expect([name, transaction]).toEqual(["connect", 1]);
  if (!(object instanceof AmfObject && extra instanceof AmfObject)) throw new Error("connect without objects");
  return { fields: Object.fromEntries(object.entries), extra: Object.fromEntries(extra.entries) };
}

const enhanced = {
  fourCcList: ["*"],
  videoFourCcInfoMap: AmfObject.of({ "*": 4 }),
  audioFourCcInfoMap: AmfObject.of({ "*": 4 }),
  capsEx: 14,
};

describe("A publishing client", () => {
  test("introduces itself as FMLE, with its capabilities and the servers that the stream has passed", () => {
    const { tcUrl, app } = target;
    const fields = { app, type: "nonprivate", flashVer: "FMLE/3.0 (compatible; srs)", swfUrl: tcUrl, tcUrl };
    expect(connectOf("publish")).toEqual({
      fields: { ...fields, ...enhanced },
      extra: { srs_id: "r1", srs_hops: "node1,node2" },
    });
  });

  test("follows FMLE's dialogue to its end", () => {
    const client = new ClientUnderTest();
    expect(client.opened()).toEqual(["connect 1 {} {}"]);
    expect(client.session.state).toBe("connecting");
    expect(client.hear(success())).toEqual([
      "SetChunkSize 4096",
      "releaseStream 2 null show?key=1",
      "FCPublish 3 null show?key=1",
      "PingRequest 0",
      "createStream 4 null",
    ]);
    expect(client.hear(command("onBWDone", 0, null), command("_result", 2, null), command("_result", 3, null))).toEqual(
      [],
    );
    expect(client.session.state).toBe("creating");
    expect(client.hear(command("_result", 4, null, 7))).toEqual(["publish@7 5 null show?key=1 live"]);
    expect(client.told).toEqual([]);
    expect(client.hear(command("onFCPublish", 0, null, info("NetStream.Publish.Start", "")))).toEqual([]);
    client.hear(status("status", "NetStream.Publish.Start"));
    expect(client.told).toEqual(["ready 7"]);
    expect(client.session.state).toBe("running");
    client.session.unpublish();
    expect(client.hear()).toEqual(["FCUnpublish 6 null show?key=1", "deleteStream 7 null 7"]);
    client.session.unpublish();
    expect(client.hear(command("close", 0, null))).toEqual([]);
    expect(client.told).toEqual(["ready 7"]);
  });

  test("ignores errors in answer to releaseStream and FCPublish", () => {
    const client = new ClientUnderTest();
    client.opened();
    client.hear(success());
    const error = info("NetConnection.Call.Failed", "method not found");
    client.hear(
      command("_error", 2, null, error),
      command("_error", 3, null, error),
      command("_error", 0, null, error),
    );
    expect(client.hear(command("_result", 4, null, 1))).toEqual(["publish@1 5 null show?key=1 live"]);
    expect(client.told).toEqual([]);
  });

  test("uses message stream 1 if the server names none", () => {
    const client = new ClientUnderTest();
    client.opened();
    expect(client.hear(success(), command("_result", 4, null)).at(-1)).toBe("publish@1 5 null show?key=1 live");
  });

  test("begins only once with a server that repeats itself", () => {
    const client = new ClientUnderTest().running();
    expect(client.hear(success(), command("_result", 4, null, 2), status("status", "NetStream.Publish.Start"))).toEqual(
      [],
    );
    expect(client.told).toEqual([]);
  });

  test("sends its stream's hops to a server that wants them, and to no other", () => {
    const hops: string[] = ["node1"];
    for (const [information, heard] of [
      [{ data: AmfObject.ecma({ srs_hops: true }) }, ["srs_hops@1 0 null node1,node3"]],
      [{ data: AmfObject.ecma({ srs_server: "srs/5" }) }, []],
      [{}, []],
    ] as const) {
      const client = new ClientUnderTest({ hops });
      client.opened();
      client.hear(success(information), command("_result", 4, null, 1));
      hops.splice(0, hops.length, "node1", "node3");
      client.session.announceHops();
      expect(client.hear(status("status", "NetStream.Publish.Start"))).toEqual([]);
      client.session.announceHops();
      expect(client.hear()).toEqual([...heard]);
    }
  });

  test("sends the stream's epoch to a server that wants hops, once it runs, and to no other", () => {
    for (const [information, heard] of [
      [
        { data: AmfObject.ecma({ srs_hops: true }) },
        [
          "srs_epoch@1 0 null text false",
          "srs_epoch@1 0 null text true show _hd _sd",
          "srs_epoch@1 0 null text false  7 a0",
        ],
      ],
      [{ data: AmfObject.ecma({ srs_server: "srs/5" }) }, []],
    ] as const) {
      const client = new ClientUnderTest();
      client.opened();
      client.hear(success(information), command("_result", 4, null, 1));
      client.session.sendEpoch("early", false, "", "");
      expect(client.hear(status("status", "NetStream.Publish.Start"))).toEqual([]);
      client.session.sendEpoch("text", false, "", "");
      client.session.sendEpoch("text", true, "show _hd _sd", "");
      client.session.sendEpoch("text", false, "", "7 a0");
      expect(client.hear()).toEqual([...heard]);
      client.hear(command("srs_epoch", 0, null, "text"));
      expect(client.told.filter((line) => line.startsWith("epoch"))).toEqual([]);
    }
  });

  test("sends the age of packets to a server that wants hops, once it runs, and to no other", () => {
    for (const [information, heard] of [
      [{ data: AmfObject.ecma({ srs_hops: true }) }, ["srs_age@1 0 null 120.5", "srs_age@1 0 null null"]],
      [{ data: AmfObject.ecma({ srs_server: "srs/5" }) }, []],
    ] as const) {
      const client = new ClientUnderTest();
      client.opened();
      client.hear(success(information), command("_result", 4, null, 1));
      client.session.sendAge(1);
      expect(client.hear(status("status", "NetStream.Publish.Start"))).toEqual([]);
      client.session.sendAge(120.5);
      client.session.sendAge(undefined);
      expect(client.hear()).toEqual([...heard]);
      client.hear(command("srs_age", 0, null, 7));
      expect(client.told.filter((line) => line.startsWith("age"))).toEqual([]);
    }
  });

  test("sends nothing on unpublish before it runs", () => {
    const client = new ClientUnderTest();
    client.opened();
    client.session.unpublish();
    expect(client.hear()).toEqual([]);
    expect(client.session.state).toBe("connecting");
  });
});

describe("A playing client", () => {
  test("introduces itself as a Flash player", () => {
    const { fields, extra } = connectOf("play");
    expect(fields).toMatchObject({ flashVer: "LNX 9,0,124,2", fpad: false, videoFunction: 1, ...enhanced });
    expect(fields).not.toHaveProperty("type");
    expect(extra).toEqual({ srs_id: "r1", srs_hops: "node1,node2" });
  });

  test("receives the age of packets, which is unknown if it is invalid", () => {
    const client = new ClientUnderTest({ role: "play" }).running();
    for (const value of [0, 12.5, null, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e9, "7"])
      client.hear(command("srs_age", 0, null, value));
    client.hear(command("srs_age", 0));
    const unknown = Array.from({ length: 7 }, () => "age undefined");
    expect(client.takeTold()).toEqual(["age 0", "age 12.5", ...unknown]);
    client.session.sendAge(1);
    expect(client.hear()).toEqual([]);
  });

  test("receives the stream's epoch, and nothing for what is no text", () => {
    const client = new ClientUnderTest({ role: "play" }).running();
    client.hear(command("srs_epoch", 0, null, "text"), command("srs_epoch", 0, null, "more", true, "show _hd _sd"));
    client.hear(command("srs_epoch", 0, null, 7, 1), command("srs_epoch", 0));
    expect(client.takeTold()).toEqual(["epoch text", "epoch more lost of show _hd _sd", "epoch ", "epoch "]);
    client.hear(command("srs_epoch", 0, null, "text", false, "", "7 a0"));
    expect(client.takeTold()).toEqual(["epoch text with 7 a0"]);
    client.session.sendEpoch("text", false, "", "");
    expect(client.hear()).toEqual([]);
  });

  test("requests the stream and gets its media", () => {
    const client = new ClientUnderTest({ role: "play" });
    client.opened();
    expect(client.hear(success())).toEqual(["WindowAckSize 2500000", "createStream 4 null"]);
    expect(client.hear(command("_result", 4, null, 1))).toEqual([
      "play@1 5 null show?key=1 -2000",
      "SetBufferLength 1 3000",
    ]);
    client.hear(tag("audio", 1, 1, "af"), status("status", "NetStream.Play.Reset"));
    expect(client.told).toEqual([]);
    client.hear(status("status", "NetStream.Play.Start"));
    const body = "08000001000064 00000000 af 0000000c 09000001000078 00000000 27 0000000c";
    client.hear(tag("audio", 1, 2, "af01"), tag("data3", 1, 3, "00"), tag("aggregate", 1, 4, body));
    expect(client.told).toEqual(["ready 1", "media 8 2 2", "media 18 amf3 3 1", "media 8 4 1", "media 9 24 1"]);
  });

  test("continues if nobody takes its media", () => {
    const client = new ClientUnderTest({ role: "play" }).running();
    client.session.media = undefined;
    client.hear(tag("audio", 1, 2, "af01"));
    expect(client.told).toEqual([]);
  });

  test("has nothing to unpublish", () => {
    const client = new ClientUnderTest({ role: "play" }).running();
    client.session.unpublish();
    expect(client.hear()).toEqual([]);
    expect(client.session.state).toBe("running");
  });
});

describe("A client is refused", () => {
  test.each([
    ["connect", [], command("_error", 1, null, info("NetConnection.Connect.Rejected", "no")), "Connect.Rejected: no"],
    [
      "createStream",
      [success()],
      command("_error", 4, null, info("NetConnection.Call.Failed", "no")),
      "Call.Failed: no",
    ],
    [
      "publish, by _error",
      [success(), command("_result", 4, null, 1)],
      command("_error", 5, null, info("NetStream.Publish.Denied", "key")),
      "Publish.Denied: key",
    ],
    [
      "publish",
      [success(), command("_result", 4, null, 1)],
      status("error", "NetStream.Publish.BadName", "busy"),
      "Publish.BadName: busy",
    ],
  ] as const)("at %s, in the server's words, and told once", (_name, before, answer, words) => {
    const client = new ClientUnderTest();
    client.opened();
    client.hear(...before, answer);
    expect(client.told).toEqual([`refused ${words.startsWith("P") ? "NetStream" : "NetConnection"}.${words}`]);
    expect(client.session.state).toBe("refused");
    expect(client.hear(answer, success(), command("_result", 4, null, 1), command("close", 0, null))).toEqual([]);
    expect(client.told).toHaveLength(1);
  });

  test.each([
    ["nothing", []],
    ["null", [null, null]],
    ["text", [null, "go away"]],
    ["fields of other types", [null, AmfObject.of({ code: 5, description: null })]],
  ])("by an error that says %s", (_name, args) => {
    const client = new ClientUnderTest();
    client.opened();
    client.hear(command("_error", 1, ...args));
    expect(client.told).toEqual(["refused _error: "]);
  });

  test("by close, which ends its running stream", () => {
    const early = new ClientUnderTest();
    early.opened();
    early.hear(command("close", 0, null));
    expect(early.told).toEqual(["refused NetConnection.Connect.Closed: the server said close"]);
    const late = new ClientUnderTest().running();
    late.hear(command("close", 0, null));
    expect(late.told).toEqual(["ended NetConnection.Connect.Closed: the server said close"]);
  });
});

describe("A running client", () => {
  test.each([
    ["status", "NetStream.Unpublish.Success"],
    ["status", "NetStream.Play.UnpublishNotify"],
    ["status", "NetStream.Play.Stop"],
    ["error", "NetStream.Publish.Idle"],
  ])("gets its end by %s %s", (level, code) => {
    const client = new ClientUnderTest().running();
    client.hear(status(level, code, "over"));
    expect(client.told).toEqual([`ended ${code}: over`]);
  });

  test("continues after errors of commands, other statuses, and unknown commands", () => {
    const client = new ClientUnderTest().running();
    client.hear(
      command("_error", 5, null, info("NetStream.Publish.Denied", "")),
      command("_result", 99, null),
      status("status", "NetStream.Play.PublishNotify"),
      status("warning", "NetStream.Play.InsufficientBW"),
      command("onStatus"),
      command("onStatus", 0, null, "text"),
      command("whatever", 3, null),
    );
    expect(client.told).toEqual([]);
    expect(client.session.state).toBe("running");
  });

  test("answers pings", () => {
    const client = new ClientUnderTest().running();
    expect(client.hear(userControl(UserControl.PingRequest, 77))).toEqual(["PingResponse 77"]);
  });

  test("reads nothing after close", () => {
    const client = new ClientUnderTest().running();
    client.session.close();
    expect(client.hear(userControl(UserControl.PingRequest, 77), status("error", "x"))).toEqual([]);
    expect(client.told).toEqual([]);
  });
});

describe("A server that sends a client elsewhere", () => {
  const elsewhere = (ex: Record<string, AmfValue>) => {
    const description = "RTMP 302 Redirect";
    const code = "NetConnection.Connect.Rejected";
    return AmfObject.of({ level: "error", code, description, ex: AmfObject.of(ex) });
  };
  const redirect = "rtmp://10.0.0.2/live";
  const redirect2 = "rtmp://10.0.0.2/live/other?key=2";
  const told = (url: string) => [`refused NetConnection.Connect.Rejected: RTMP 302 Redirect${url}`];

  test.each([
    ["by a whole URL", { code: 302, redirect, redirect2 }, ` -> ${redirect2}`],
    ["by a URL to connect to", { code: 302, redirect }, ` -> ${redirect}/show?key=1`],
    ["without a URL", { code: 302 }, ""],
    ["by another code", { code: 404, redirect, redirect2 }, ""],
  ])("%s, in a status", (_how, ex, url) => {
    const client = new ClientUnderTest({ role: "play" });
    client.opened();
    client.hear(success(), command("_result", 4, null, 1), command("onStatus", 0, null, elsewhere(ex)));
    expect(client.told).toEqual(told(url));
    expect(client.session.state).toBe("refused");
  });

  test("in answer to connect", () => {
    const client = new ClientUnderTest();
    client.opened();
    client.hear(command("_error", 1, null, elsewhere({ code: 302, redirect2 })));
    expect(client.told).toEqual(told(` -> ${redirect2}`));
  });
});

describe("A client that only asks", () => {
  test("connects on behalf of a viewer, and wants nothing more", () => {
    const viewer = { pageUrl: "http://site/page", swfUrl: "http://site/player.swf" };
    expect(connectOf("connect", viewer).fields).toMatchObject({ ...viewer, tcUrl: target.tcUrl });
    const client = new ClientUnderTest({ role: "connect" });
    client.opened();
    expect(client.hear(success())).toEqual([]);
    expect(client.told).toEqual(["ready 0"]);
    expect(client.session.state).toBe("running");
  });

  test("gets a refusal", () => {
    const client = new ClientUnderTest({ role: "connect" });
    client.opened();
    client.hear(command("_error", 1, null, info("NetConnection.Connect.Rejected", "bad token")));
    expect(client.told).toEqual(["refused NetConnection.Connect.Rejected: bad token"]);
  });
});

describe("What the server is called", () => {
  test.each([
    ["its own name, from one of this kind", success({ data: AmfObject.ecma({ srs_server: "srs/1.2" }) }), "srs/1.2"],
    ["its FMS version, from another", success(), "FMS/3,0,1,123"],
    ["nothing, from one that does not say", command("_result", 1, null, null), ""],
    ["nothing, from one that says less", command("_result", 1), ""],
  ])("is %s", (_name, answer, name) => {
    const client = new ClientUnderTest();
    client.opened();
    client.hear(answer);
    expect(client.session.server).toBe(name);
    expect(client.session.state).toBe("creating");
  });
});
