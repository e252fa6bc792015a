/** AMF0 as Adobe published it in 2007, and as RTMP peers send it. */
export { decodeAmf0 } from "./amf0-decode.ts";
export { encodeAmf0 } from "./amf0-encode.ts";
