import type { Failure } from "./engine.ts";

/** The words for a viewer: a heading and a sentence or two. */
export interface Words {
  readonly title: string;
  readonly text: string;
}

/** The words if the browser has no way to play. */
export const cannotPlay: Words = {
  title: "This browser can’t play live video",
  text: "It has neither Media Source Extensions nor HLS. A newer browser will do.",
};

/** The words for a failure. `hadPicture`: there was a picture before. */
export function wordsFor(failure: Failure, hadPicture: boolean): Words {
  switch (failure.kind) {
    case "status":
      return wordsForStatus(failure.status, failure.sentence, hadPicture);
    case "ended":
      return ended;
    case "lost":
      return { title: "Connection lost", text: "The server doesn’t answer. The page goes on trying by itself." };
    case "stalled":
      return {
        title: "No picture comes",
        text: "The server answers but sends nothing. The page goes on trying by itself.",
      };
    case "stuck":
      return {
        title: "The picture has stopped",
        text: "The stream still comes, but does not play on. The page starts it anew by itself.",
      };
    case "codec":
      return {
        title: "This browser can’t play the stream",
        text: `It has no decoder for ${codecName(failure.codec)}. Another browser or device may have one.`,
      };
    case "broken":
      return {
        title: "The stream can’t be decoded",
        text: `${sentence(failure.detail)} The page tries again by itself.`,
      };
    case "player":
      return { title: "The player can’t be loaded", text: "Its scripts are not where they were. Load the page again." };
  }
}

const ended: Words = {
  title: "The stream has ended",
  text: "If it comes back, the picture goes on here by itself.",
};

function wordsForStatus(status: number, said: string, hadPicture: boolean): Words {
  const own = sentence(said);
  if (status === 410) return ended;
  if (status === 404) {
    if (hadPicture) return ended;
    return { title: "Not live yet", text: "The picture starts here by itself as soon as the stream is live." };
  }
  if (status === 401 || status === 403)
    return { title: "Access refused", text: own || "The server doesn’t let this page play the stream." };
  if (status === 406)
    return { title: "Not playable in this way", text: own || "The stream has a codec that can’t be sent so." };
  if (status === 503 || status === 429 || status === 409)
    return {
      title: "The server is busy",
      text: `${own || "It takes no more viewers now."} The page tries again by itself.`,
    };
  return { title: `The server answered ${status}`, text: `${own} The page tries again by itself.`.trim() };
}

/** A server's line as a sentence, with a capital letter and a full stop. */
function sentence(text: string): string {
  const line = text.trim();
  if (line === "") return "";
  const begun = line.charAt(0).toUpperCase() + line.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}

const families: readonly (readonly [RegExp, string])[] = [
  [/^(?:avc1|avc3|h264)/i, "H.264"],
  [/^(?:hvc1|hev1|hevc|h265)/i, "H.265/HEVC"],
  [/^(?:av01|av1)/i, "AV1"],
  [/^(?:vp09|vp9)/i, "VP9"],
  [/^(?:vp08|vp8)/i, "VP8"],
  [/^(?:mp4a\.40\.34|mp3|mp4a\.6b|mp4a\.69)/i, "MP3"],
  [/^(?:mp4a|aac)/i, "AAC"],
  [/^opus/i, "Opus"],
  [/^(?:flac|fLaC)/i, "FLAC"],
  [/^(?:ec-3|eac3)/i, "E-AC-3"],
  [/^(?:ac-3|ac3)/i, "AC-3"],
];

/** A codec's common name, with its codec string; "its codec" if there is none. */
export function codecName(codec: string): string {
  if (codec === "") return "its codec";
  const family = families.find(([known]) => known.test(codec))?.[1];
  return family === undefined ? codec : `${family} (${codec})`;
}
