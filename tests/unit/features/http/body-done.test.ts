import { expect, test } from "bun:test";
import { HttpStage, request } from "../../../support/http-stage.ts";

/** A stage whose one body tells when nobody needs it any more. */
function stageOf() {
  const told: string[] = [];
  const body = new Uint8Array(100_000);
  const stage = new HttpStage({
    "/segment": (exchange) => exchange.respond({ status: 200, etag: '"a"', body, done: () => told.push("done") }),
  });
  return { stage, told };
}

test("a body is released when it is sent", () => {
  const { stage, told } = stageOf();
  stage.dial().get("/segment");
  expect(told).toEqual(["done"]);
});

test("a body that the client reads slowly is held until the client has all of it", () => {
  const { stage, told } = stageOf();
  const end = stage.dial();
  end.sink.room = 5000;
  end.say(request("/segment"));
  expect(told).toEqual([]);
  end.sink.drain(50_000);
  expect(told).toEqual([]);
  end.sink.drain(1_000_000);
  expect(told).toEqual(["done"]);
});

test("a body whose client leaves is released, once", () => {
  const { stage, told } = stageOf();
  const end = stage.dial();
  end.sink.room = 5000;
  end.say(request("/segment"));
  end.abort();
  expect(told).toEqual(["done"]);
});

test("a body that is not sent is released: for HEAD, and if it has not changed", () => {
  const { stage, told } = stageOf();
  const end = stage.dial();
  end.say("HEAD /segment HTTP/1.1\r\nHost: a\r\n\r\n");
  end.say('GET /segment HTTP/1.1\r\nHost: a\r\nIf-None-Match: "a"\r\n\r\n');
  expect(told).toEqual(["done", "done"]);
});
