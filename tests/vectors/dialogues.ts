/** What a real client sent after its handshake, and what it must be answered with, as `brief` writes it. */
export interface Dialogue {
  readonly name: string;
  readonly source: string;
  readonly steps: readonly { readonly hex: string; readonly answers: readonly string[] }[];
  /** What the session's owner is told in the end. */
  readonly told: readonly string[];
}

/** Recorded on a loopback listener, between the handshake and the close. */
export const dialogues: readonly Dialogue[] = [
  {
    name: "FFmpeg 5.1 publishes",
    source:
      "ffmpeg 5.1.9 (libavformat 59.27.100): -f lavfi -i testsrc … -c:v flv -c:a aac -f flv rtmp://…/live/livestream?k=1; frames left out",
    steps: [
      {
        hex: `
          0300000000008c1400000000020007636f6e6e656374003ff00000000000000300036170700200046c6976650004747970650200
          0a6e6f6e707269766174650008666c617368566572020024464d4c452f332e302028636f6d70617469626c653b204c6176663539
          2e32372e313030290005746355726c02001b72746d703a2f2f3132372e302e302e313a31c3393737372f6c697665000009`,
        answers: [
          "WindowAckSize 2500000",
          "SetPeerBandwidth 2500000 2",
          "SetChunkSize 60000",
          "_result 1 {} NetConnection.Connect.Success",
          "onBWDone 0 null",
        ],
      },
      {
        hex: `
          0200000000000401000000000000ea604300000000002b1402000d72656c6561736553747265616d004000000000000000050200
          0e6c69766573747265616d3f6b3d31430000000000271402000946435075626c6973680040080000000000000502000e6c697665
          73747265616d3f6b3d31430000000000191402000c63726561746553747265616d00401000000000000005430000000000151402
          00085f636865636b627700401400000000000005`,
        answers: [
          "_result 2 null null",
          "_result 3 null null",
          "onFCPublish 0 null NetStream.Publish.Start",
          "_result 4 null 1",
          "_result 5 null null",
        ],
      },
      {
        hex: `
          0800000000002c14010000000200077075626c6973680040180000000000000502000e6c69766573747265616d3f6b3d31020004
          6c697665`,
        answers: ["StreamBegin 1", "onStatus@1 NetStream.Publish.Start"],
      },
      {
        hex: `
          04000000000135120100000002000d40736574446174614672616d6502000a6f6e4d65746144617461080000000d000864757261
          74696f6e003ff0000000000000000577696474680040500000000000000006686569676874004048000000000000000d76696465
          6f64617461726174650040686a000000000000096672616d6572617465004014000000000000000c766964656f636f6465636964
          004000000000000000000d617564696f6461746172617465004050d88000000000000f617564696f73616d706c65726174650040
          e5888000000000000f617564696f73616d706c6573697a65004030000000000000000673746572656f0100000c617564696f636f
          64656369640040240000000000000007656e636f64657202000d4c61766635392e32372e313030000866696c6573697a65000000
          000000000000000009040000000000070801000000af00120856e500`,
        answers: [],
      },
      {
        hex: `
          430000000000291402000b4643556e7075626c69736800401c0000000000000502000e6c69766573747265616d3f6b3d31430000
          000000221402000c64656c65746553747265616d00402000000000000005003ff0000000000000`,
        answers: [
          "onFCUnpublish 0 null NetStream.Unpublish.Success",
          "_result 7 null null",
          "onStatus@1 NetStream.Unpublish.Success",
        ],
      },
    ],
    told: [
      "connect live",
      "publish@1 livestream?k=1",
      "media@1 18 0 02000d4073657444",
      "media@1 8 0 af00120856e500",
      "ended@1",
    ],
  },
  {
    name: "FFmpeg 5.1 plays",
    source: "ffmpeg 5.1.9: -i rtmp://…/live/livestream",
    steps: [
      {
        hex: `
          030000000000c51400000000020007636f6e6e656374003ff00000000000000300036170700200046c6976650008666c61736856
          657202000d4c4e5820392c302c3132342c320005746355726c02001b72746d703a2f2f3132372e302e302e313a31393737372f6c
          6976650004667061640100000c6361706162696c697469657300402e000000000000000bc3617564696f436f646563730040afce
          0000000000000b766964656f436f6465637300406f800000000000000d766964656f46756e6374696f6e003ff000000000000000
          0009`,
        answers: [
          "WindowAckSize 2500000",
          "SetPeerBandwidth 2500000 2",
          "SetChunkSize 60000",
          "_result 1 {} NetConnection.Connect.Success",
          "onBWDone 0 null",
        ],
      },
      {
        hex: `
          020000000000040500000000002625a0430000000000191402000c63726561746553747265616d00400000000000000005430000
          00000015140200085f636865636b627700400800000000000005`,
        answers: ["_result 2 null 1", "_result 3 null null"],
      },
      {
        hex: `
          08000000000029140000000002000f67657453747265616d4c656e6774680040100000000000000502000a6c6976657374726561
          6d080000000000271401000000020004706c61790040140000000000000502000a6c69766573747265616d00c09f400000000000
          4200000100000a0400030000000100000bb8`,
        answers: [
          "_result 4 null 0",
          "StreamBegin 1",
          "onStatus@1 NetStream.Play.Reset",
          "onStatus@1 NetStream.Play.Start",
          "|RtmpSampleAccess@1 true true",
        ],
      },
      {
        hex: `
          430000000000221402000c64656c65746553747265616d00401800000000000005003ff0000000000000`,
        answers: [],
      },
    ],
    told: ["connect live", "play@1 livestream -2000 -1", "ended@1"],
  },
  {
    name: "rtmpdump plays, with the ping that begins 0x42",
    source: "rtmpdump 2.4: -r rtmp://…/live/livestream",
    steps: [
      {
        hex: `
          030000000000c61400000000020007636f6e6e656374003ff00000000000000300036170700200046c6976650008666c61736856
          657202000e4c4e582031302c302c33322c31380005746355726c02001b72746d703a2f2f3132372e302e302e313a31393737372f
          6c6976650004667061640100000c6361706162696c697469657300402e00000000000000c30b617564696f436f646563730040a8
          ee0000000000000b766964656f436f6465637300406f800000000000000d766964656f46756e6374696f6e003ff0000000000000
          000009`,
        answers: [
          "WindowAckSize 2500000",
          "SetPeerBandwidth 2500000 2",
          "SetChunkSize 60000",
          "_result 1 {} NetConnection.Connect.Success",
          "onBWDone 0 null",
        ],
      },
      {
        hex: `
          020000000000040500000000002625a04200000000000a040003000000000000012c430000000000191402000c63726561746553
          747265616d004000000000000000050300000000001514000000000200085f636865636b627700400800000000000005`,
        answers: ["_result 2 null 1", "_result 3 null null"],
      },
      {
        hex: `
          080000000000271401000000020004706c61790040100000000000000502000a6c69766573747265616d000000000000000000c2
          00030000000102255100`,
        answers: [
          "StreamBegin 1",
          "onStatus@1 NetStream.Play.Reset",
          "onStatus@1 NetStream.Play.Start",
          "|RtmpSampleAccess@1 true true",
        ],
      },
      {
        hex: `
          430000000000221402000c64656c65746553747265616d00401400000000000005003ff0000000000000`,
        answers: [],
      },
    ],
    told: ["connect live", "play@1 livestream 0 -1", "ended@1"],
  },
  {
    name: "rtmpdump --live subscribes and plays",
    source: "rtmpdump 2.4: --live -r rtmp://…/live/livestream",
    steps: [
      {
        hex: `
          030000000000c61400000000020007636f6e6e656374003ff00000000000000300036170700200046c6976650008666c61736856
          657202000e4c4e582031302c302c33322c31380005746355726c02001b72746d703a2f2f3132372e302e302e313a31393737372f
          6c6976650004667061640100000c6361706162696c697469657300402e00000000000000c30b617564696f436f646563730040a8
          ee0000000000000b766964656f436f6465637300406f800000000000000d766964656f46756e6374696f6e003ff0000000000000
          000009`,
        answers: [
          "WindowAckSize 2500000",
          "SetPeerBandwidth 2500000 2",
          "SetChunkSize 60000",
          "_result 1 {} NetConnection.Connect.Success",
          "onBWDone 0 null",
        ],
      },
      {
        hex: `
          020000000000040500000000002625a04200000000000a040003000000000000012c430000000000191402000c63726561746553
          747265616d00400000000000000005430000000000251402000b46435375627363726962650040080000000000000502000a6c69
          766573747265616d0300000000001514000000000200085f636865636b627700401000000000000005`,
        answers: [
          "_result 2 null 1",
          "_result 3 null null",
          "onFCSubscribe 0 null NetStream.Play.Start",
          "_result 4 null null",
        ],
      },
      {
        hex: `
          080000000000271401000000020004706c61790040140000000000000502000a6c69766573747265616d00c08f400000000000c2
          00030000000102255100`,
        answers: [
          "StreamBegin 1",
          "onStatus@1 NetStream.Play.Reset",
          "onStatus@1 NetStream.Play.Start",
          "|RtmpSampleAccess@1 true true",
        ],
      },
      {
        hex: `
          430000000000221402000c64656c65746553747265616d00401800000000000005003ff0000000000000`,
        answers: [],
      },
    ],
    told: ["connect live", "play@1 livestream -1000 -1", "ended@1"],
  },
];
