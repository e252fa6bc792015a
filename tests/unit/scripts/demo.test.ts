import { expect, test } from "bun:test";
import { benchCommand, demoCommand } from "../../../scripts/demo.ts";

test.each([true, false])("the test picture has a key frame every two seconds and sound (x264: %p)", (hasX264) => {
  const command = demoCommand("rtmp://127.0.0.1/live/livestream", hasX264).join(" ");
  expect(command).toContain("testsrc2=size=1280x720:rate=30");
  expect(command).toContain("-g 60 -keyint_min 60");
  expect(command).toContain("-c:a aac");
  expect(command).toEndWith("no_duration_filesize rtmp://127.0.0.1/live/livestream");
  expect(command.includes("-tune zerolatency")).toBe(hasX264);
});

test("without FFmpeg, the server's own program publishes", () => {
  expect(benchCommand("rtmp://127.0.0.1/live/livestream", "dist/srs").join(" ")).toStartWith(
    "dist/srs bench publish rtmp://127.0.0.1/live/livestream --fps 30 --seconds ",
  );
});
