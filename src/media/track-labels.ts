import { AmfObject } from "../amf/value.ts";
import { ProtocolError } from "../base/errors.ts";
import { readData } from "./data.ts";

/** Maximum length of a name, from which viewers choose a track. */
const MAX_NAME = 64;
const MAX_TRACK_ID = 255;

/** A track's description in metadata. */
export interface TrackLabel {
  /** For people. */
  readonly name: string | undefined;
  /** RFC 5646, in its shortest form: "en", "pt-BR". */
  readonly language: string | undefined;
}

/**
 * The labels of audio tracks in `onMetaData` (a payload as readers get it), by track id: `audioTrackIdInfoMap` of Enhanced RTMP v2, whose
 * objects the specification leaves open. `name`, `title` or `label` is the name, `language` or `lang` the language, if it is a valid one.
 */
export function audioTrackLabels(metadata: Uint8Array): ReadonlyMap<number, TrackLabel> {
  const labels = new Map<number, TrackLabel>();
  const map = objectOf(metadata)?.object("audioTrackIdInfoMap");
  for (const [key, value] of map?.entries ?? []) {
    const id = /^\d{1,3}$/.test(key) ? Number(key) : MAX_TRACK_ID + 1;
    if (id > MAX_TRACK_ID || !(value instanceof AmfObject)) continue;
    const name = textOf(value.string("name") ?? value.string("title") ?? value.string("label"));
    labels.set(id, { name, language: languageOf(value.string("language") ?? value.string("lang")) });
  }
  return labels;
}

function objectOf(metadata: Uint8Array): AmfObject | undefined {
  try {
    return readData(metadata, false)?.values.find((value) => value instanceof AmfObject);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return undefined;
  }
}

/** Text that fits between quotation marks in a playlist (RFC 8216, 4.2). */
function textOf(text = ""): string | undefined {
  const clean = text.replaceAll('"', "'").replaceAll(/\p{C}/gu, "").trim().slice(0, MAX_NAME);
  return clean === "" ? undefined : clean;
}

function languageOf(tag = ""): string | undefined {
  try {
    const [language] = Intl.getCanonicalLocales(tag.trim().replaceAll("_", "-"));
    return language === "und" ? undefined : language;
  } catch {
    return undefined;
  }
}
