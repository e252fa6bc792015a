import { AmfObject } from "../../src/amf/value.ts";
import type { AmfVector } from "./amf0.ts";

/** Bodies of real messages (RTMP types 20 and 18). Each is written exactly as it is read. */
export const amfMessageVectors: readonly AmfVector[] = [
  {
    // Captured on loopback from FFmpeg 5.1.9 publishing to rtmp://127.0.0.1:44979/live/livestream.
    name: "connect of FFmpeg, publishing",
    value: [
      "connect",
      1,
      AmfObject.of({
        app: "live",
        type: "nonprivate",
        flashVer: "FMLE/3.0 (compatible; Lavf59.27.100)",
        tcUrl: "rtmp://127.0.0.1:44979/live",
      }),
    ],
    hex: "020007636f6e6e656374003ff00000000000000300036170700200046c69766500047479706502000a6e6f6e707269766174650008666c617368566572020024464d4c452f332e302028636f6d70617469626c653b204c61766635392e32372e313030290005746355726c02001b72746d703a2f2f3132372e302e302e313a34343937392f6c697665000009",
  },
  {
    // Captured on loopback from FFmpeg 5.1.9 playing rtmp://127.0.0.1:38175/live/livestream.
    name: "connect of FFmpeg, playing",
    value: [
      "connect",
      1,
      AmfObject.of({
        app: "live",
        flashVer: "LNX 9,0,124,2",
        tcUrl: "rtmp://127.0.0.1:38175/live",
        fpad: false,
        capabilities: 15,
        audioCodecs: 4071,
        videoCodecs: 252,
        videoFunction: 1,
      }),
    ],
    hex: "020007636f6e6e656374003ff00000000000000300036170700200046c6976650008666c61736856657202000d4c4e5820392c302c3132342c320005746355726c02001b72746d703a2f2f3132372e302e302e313a33383137352f6c6976650004667061640100000c6361706162696c697469657300402e000000000000000b617564696f436f646563730040afce0000000000000b766964656f436f6465637300406f800000000000000d766964656f46756e6374696f6e003ff0000000000000000009",
  },
  {
    // Captured on loopback from rtmpdump 2.4 (librtmp) playing rtmp://127.0.0.1:34011/live/livestream.
    name: "connect of librtmp, playing",
    value: [
      "connect",
      1,
      AmfObject.of({
        app: "live",
        flashVer: "LNX 10,0,32,18",
        tcUrl: "rtmp://127.0.0.1:34011/live",
        fpad: false,
        capabilities: 15,
        audioCodecs: 3191,
        videoCodecs: 252,
        videoFunction: 1,
      }),
    ],
    hex: "020007636f6e6e656374003ff00000000000000300036170700200046c6976650008666c61736856657202000e4c4e582031302c302c33322c31380005746355726c02001b72746d703a2f2f3132372e302e302e313a33343031312f6c6976650004667061640100000c6361706162696c697469657300402e000000000000000b617564696f436f646563730040a8ee0000000000000b766964656f436f6465637300406f800000000000000d766964656f46756e6374696f6e003ff0000000000000000009",
  },
  {
    // Built from the fields OBS Studio writes, in its order (plugins/obs-outputs/librtmp/rtmp.c, SendConnectPacket).
    name: "connect of OBS Studio, publishing",
    value: [
      "connect",
      1,
      AmfObject.of({
        app: "live",
        type: "nonprivate",
        flashVer: "FMLE/3.0 (compatible; FMSc/1.0)",
        swfUrl: "rtmp://127.0.0.1/live",
        tcUrl: "rtmp://127.0.0.1/live",
      }),
    ],
    hex: "020007636f6e6e656374003ff00000000000000300036170700200046c69766500047479706502000a6e6f6e707269766174650008666c61736856657202001f464d4c452f332e302028636f6d70617469626c653b20464d53632f312e3029000673776655726c02001572746d703a2f2f3132372e302e302e312f6c6976650005746355726c02001572746d703a2f2f3132372e302e302e312f6c697665000009",
  },
  {
    // Built from the fields OBS Studio writes (SendPublish of the same file).
    name: "publish of OBS Studio",
    value: ["publish", 5, null, "livestream", "live"],
    hex: "020007 7075626c697368 00 4014000000000000 05 02000a 6c69766573747265616d 020004 6c697665",
  },
  {
    // Script tag of a file that FFmpeg 5.1.9 wrote; the same body is sent after "@setDataFrame".
    name: "onMetaData of FFmpeg",
    value: [
      "onMetaData",
      AmfObject.ecma({
        duration: 0.223,
        width: 320,
        height: 240,
        videodatarate: 195.3125,
        framerate: 25,
        videocodecid: 2,
        audiodatarate: 67.3828125,
        audiosamplerate: 44100,
        audiosamplesize: 16,
        stereo: false,
        audiocodecid: 10,
        encoder: "Lavf59.27.100",
        filesize: 17082,
      }),
    ],
    hex: "02000a6f6e4d65746144617461080000000d00086475726174696f6e003fcc8b439581062500057769647468004074000000000000000668656967687400406e000000000000000d766964656f64617461726174650040686a000000000000096672616d6572617465004039000000000000000c766964656f636f6465636964004000000000000000000d617564696f6461746172617465004050d88000000000000f617564696f73616d706c65726174650040e5888000000000000f617564696f73616d706c6573697a65004030000000000000000673746572656f0100000c617564696f636f64656369640040240000000000000007656e636f64657202000d4c61766635392e32372e313030000866696c6573697a650040d0ae8000000000000009",
  },
];

/** Bodies of AMF3 messages (RTMP types 17 and 15): a format byte of zero, then AMF0 (AMF3 4.1). Only read. */
export const amf3MessageVectors: readonly AmfVector[] = [
  {
    name: "command in AMF0 behind the format byte",
    value: ["createStream", 2, null],
    hex: "00 02000c 63726561746553747265616d 00 4000000000000000 05",
  },
  {
    name: "command without the format byte",
    value: ["createStream", 2, null],
    hex: "02000c 63726561746553747265616d 00 4000000000000000 05",
  },
  {
    name: "command with an object in AMF3",
    value: ["connect", 1, AmfObject.of({ app: "live", objectEncoding: 3 })],
    hex: "00 020007 636f6e6e656374 00 3ff0000000000000 11 0a0b01 07617070 06 096c697665 1d6f626a656374456e636f64696e67 0403 01",
  },
  { name: "nothing behind the format byte", value: [], hex: "00" },
];
