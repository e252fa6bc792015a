import type { RefusalKind } from "../../live/ports/access.ts";

const BAD_NAME = "NetStream.Publish.BadName";
const PUBLISH_DENIED = "NetStream.Publish.Denied";
const NOT_FOUND = "NetStream.Play.StreamNotFound";
const PLAY_FAILED = "NetStream.Play.Failed";
/** As SRS has it, with the other server's URL. */
const REDIRECTED = "NetConnection.Connect.Rejected";

/** RTMP's code for each kind of refusal. A refused `connect` has one code for all, `NetConnection.Connect.Rejected`. */
export const refusalCodes: Readonly<Record<"publish" | "play", Readonly<Record<RefusalKind, string>>>> = {
  publish: {
    name: BAD_NAME,
    vhost: BAD_NAME,
    missing: BAD_NAME,
    gone: BAD_NAME,
    busy: BAD_NAME,
    media: BAD_NAME,
    loop: BAD_NAME,
    denied: PUBLISH_DENIED,
    limit: PUBLISH_DENIED,
    unavailable: PUBLISH_DENIED,
    elsewhere: REDIRECTED,
  },
  play: {
    name: NOT_FOUND,
    vhost: NOT_FOUND,
    missing: NOT_FOUND,
    gone: NOT_FOUND,
    busy: PLAY_FAILED,
    media: PLAY_FAILED,
    loop: PLAY_FAILED,
    denied: PLAY_FAILED,
    limit: PLAY_FAILED,
    unavailable: PLAY_FAILED,
    elsewhere: REDIRECTED,
  },
};
