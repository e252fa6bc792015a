import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** FFmpeg that cuts a file into HLS in real time, over and over, as `live.m3u8` in a folder. It ends by itself after two minutes. */
export class HlsFiles {
  readonly folder = mkdtempSync(join(tmpdir(), "hls-"));
  readonly #ffmpeg: Bun.Subprocess;

  constructor(path: string) {
    this.#ffmpeg = Bun.spawn(
      [
        ...["ffmpeg", "-hide_banner", "-loglevel", "error", "-re", "-stream_loop", "-1", "-i", path, "-t", "120"],
        ...["-c", "copy", "-f", "hls", "-hls_time", "1", "-hls_list_size", "6"],
        ...["-hls_flags", "delete_segments+program_date_time+temp_file", join(this.folder, "live.m3u8")],
      ],
      { stdin: "ignore", stderr: "inherit" },
    );
  }

  async stop(): Promise<void> {
    this.#ffmpeg.kill("SIGKILL");
    await this.#ffmpeg.exited;
  }
}
