/** AMF3 as Adobe published it in 2013, for the values that RTMP peers put into commands and data. */
export { decodeAmf3 } from "./amf3-decode.ts";
export { encodeAmf3 } from "./amf3-encode.ts";
