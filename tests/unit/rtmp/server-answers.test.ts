import { describe, expect, test } from "bun:test";
import type { AmfValue } from "../../../src/amf/value.ts";
import { AmfObject } from "../../../src/amf/value.ts";
import { connectAnswer, HOPS_COMMAND, readConnect } from "../../../src/rtmp/connect.ts";
import { readServerIdentity, readStatus, redirectOf } from "../../../src/rtmp/server-answers.ts";

const silent = { level: "", code: "", description: "", redirect: undefined, redirect2: undefined };

describe("A status", () => {
  test("has level, code and description, of which the last is cut", () => {
    const fields = { level: "error", code: "NetStream.Play.Failed", description: "no".repeat(500) };
    expect(readStatus(AmfObject.of(fields))).toEqual({ ...silent, ...fields, description: "no".repeat(100) });
  });

  test.each([
    ["null", null],
    ["a text", "error"],
    ["fields of other types", AmfObject.of({ level: 1, code: null, description: true, ex: "302" })],
    ["another code", AmfObject.of({ ex: AmfObject.of({ code: 404, redirect: "rtmp://a/live" }) })],
  ] as [string, AmfValue][])("that is %s says nothing", (_name, value) => {
    expect(readStatus(value)).toEqual(silent);
    expect(redirectOf(readStatus(value), "show")).toBeUndefined();
  });

  test.each([
    [{ redirect: "rtmp://a/live" }, "rtmp://a/live/show?key=1"],
    [{ redirect: "rtmp://a/live/" }, "rtmp://a/live/show?key=1"],
    [{ redirect: "rtmp://a/live", redirect2: "rtmp://b/live/other" }, "rtmp://b/live/other"],
  ])("that redirects by %p leads to %s", (words, url) => {
    const status = readStatus(AmfObject.of({ ex: AmfObject.of({ code: 302, ...words }) }));
    expect(redirectOf(status, "show?key=1")).toBe(url);
  });
});

describe("A server's description of itself", () => {
  test("is read from this server's own answer to connect", () => {
    const identity = { srs_server: "srs 1", srs_node: "n1" };
    const answer = connectAnswer(readConnect([AmfObject.of({})]), identity, "vip");
    expect(readServerIdentity(answer)).toEqual({ software: "srs 1", node: "n1", vhost: "vip", takesHops: true });
  });

  test("is the version of its FMS when it is another program", () => {
    const answer = [AmfObject.of({ fmsVer: "FMS/3,0,1,123" }), AmfObject.of({ level: "status" })];
    expect(readServerIdentity(answer)).toEqual({ software: "FMS/3,0,1,123", node: "", vhost: "", takesHops: false });
  });

  test.each([
    ["no values", []],
    ["values of other types", ["FMS", 5]],
    [
      "fields of other types",
      [AmfObject.of({ fmsVer: 3 }), AmfObject.of({ data: AmfObject.of({ [HOPS_COMMAND]: 1 }) })],
    ],
  ] as [string, AmfValue[]][])("is nothing for %s", (_name, args) => {
    expect(readServerIdentity(args)).toEqual({ software: "", node: "", vhost: "", takesHops: false });
  });
});
