import { expect, test } from "bun:test";
import { Announcer } from "../../../../src/features/registry/announcer.ts";
import { OwnStreams } from "../../../../src/features/registry/own-streams.ts";
import type { Announcement } from "../../../../src/features/registry/store.ts";
import { accessRequest } from "../../../support/access.ts";
import { LiveStage } from "../../../support/live.ts";

const key = "__defaultVhost__/live/show";

/** Announces the streams of a node that has claimed `key` for a client. */
function stageOf() {
  const own = new OwnStreams(() => undefined);
  own.claimed.set(key, accessRequest({ action: "publish" }));
  const announced: string[] = [];
  const word = ({ key, place }: Announcement) => announced.push(`${key} ${place?.role ?? "gone"}`);
  const announcer = new Announcer({
    store: {
      announced: async () => [key],
      announce: async (_, streams) => {
        for (const each of streams) word(each);
        return streams.map(() => ({ owner: "aa", term: 1 }));
      },
    },
    ...{ nodeId: "aa", own, isUp: () => true, onConflict: () => "reject" as const },
    ...{ lost: () => undefined, standbyChanged: () => undefined },
  });
  const run = async () => {
    await announcer.run();
    return announced.splice(0);
  };
  return { own, run };
}

test("A stream that is claimed for a client is not announced as gone before the claim ends", async () => {
  const { own, run } = stageOf();
  own.change(key);
  expect([await run(), own.changed.size]).toEqual([[], 0]);
  own.claimed.clear();
  own.change(key);
  expect(await run()).toEqual([`${key} gone`]);
});

test("A copy of a stream that is claimed for a client is not announced either, but the client's own stream is", async () => {
  const { own, run } = stageOf();
  const stage = new LiveStage();
  stage.observe(own);
  const stream = stage.stream();
  const info = { id: "p", remote: "test", param: "" };
  stream.publish({ ...info, hops: ["far"], via: "pull", yields: true });
  expect(await run()).toEqual([]);
  stream.publish({ ...info, hops: [], via: "client" });
  expect(await run()).toEqual([`${key} published`]);
});
