import type { EngineFigures } from "./engine.ts";
import type { Way } from "./media-address.ts";
import { codecName } from "./words.ts";

/** The values that the details show. */
export interface FiguresSource {
  readonly engine: EngineFigures;
  /** How far the picture is behind the end of the buffer, s. */
  readonly behind: number | undefined;
  readonly width: number;
  readonly height: number;
  readonly droppedFrames: number;
  readonly totalFrames: number;
  readonly way: Way | undefined;
  readonly host: string;
}

const wayNames: Readonly<Record<Way, string>> = {
  flv: "HTTP-FLV",
  ws: "WebSocket-FLV",
  hls: "HLS",
  native: "HLS, by the browser",
};

/** The lines of the details: names and values. */
export function figureLines(source: FiguresSource): [string, string][] {
  const { engine, behind, width, height, way } = source;
  const rate = engine.frameRate === undefined ? "" : `, ${Math.round(engine.frameRate)} fps`;
  const codecs = (engine.codecs ?? "").split(", ").filter(Boolean).map(codecName);
  return [
    ["Delay", seconds(engine.delay ?? behind)],
    ...(engine.delay === undefined ? [] : ([["Buffered", seconds(behind)]] satisfies [string, string][])),
    ["Bitrate", engine.kbps === undefined ? "–" : `${Math.round(engine.kbps)} kbit/s`],
    ["Dropped frames", `${source.droppedFrames} of ${source.totalFrames}`],
    ["Resolution", width === 0 ? "–" : `${width} × ${height}${rate}`],
    ["Codecs", codecs.length === 0 ? "–" : codecs.join(", ")],
    ["Server", `${source.host}${way === undefined ? "" : `, ${wayNames[way]}`}`],
  ];
}

function seconds(value: number | undefined): string {
  return value === undefined ? "–" : `${Math.max(0, value).toFixed(1)} s`;
}
