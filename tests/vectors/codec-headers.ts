import { PacketKind } from "../../src/media/packet.ts";

const { Audio, Video } = PacketKind;

/** The first packets of a stream: what FFmpeg 5.1 wrote into MP4, behind enhanced RTMP's heads. */
export interface HeaderVector {
  readonly name: string;
  readonly kind: PacketKind;
  /** Empty for a codec without. */
  readonly header: string;
  /** The beginning of the first frame, with what its header needs. */
  readonly frame: string;
  readonly codecs: string;
  /** The type of the sample entry, and the box in it with what FFmpeg wrote there. */
  readonly entry: string;
  readonly box: string;
  readonly content: string;
  /** Pixels, or samples in a second and channels. */
  readonly size: readonly [number, number];
  /** Samples of the first frame; 0 for video. */
  readonly samples: number;
}

const video = { kind: Video, samples: 0, size: [330, 186] } as const;

/** By libaom, SVT-AV1, libvpx, libopus, FLAC's, AC-3's and E-AC-3's encoders, and LAME. */
export const headerVectors: readonly HeaderVector[] = [
  {
    ...video,
    name: "AV1 of libaom",
    header: "90 61763031 81000c00 0a0b000000043d26e4daf90040",
    frame: "91 61763031 0a0b000000043d26e4daf90040 32 03 2c1000",
    codecs: "av01.0.00M.08",
    entry: "av01",
    box: "av1C",
    content: "81000c00 0a0b000000043d26e4daf90040",
  },
  {
    ...video,
    name: "AV1 with ten bits",
    header: "90 61763031 81004c00 0a0b000000043d26e402f84040",
    frame: "91 61763031 32 03 2c1000",
    codecs: "av01.0.00M.10",
    entry: "av01",
    box: "av1C",
    content: "81004c00 0a0b000000043d26e402f84040",
  },
  {
    ...video,
    name: "AV1 with the sequence header in the frame only, behind a delimiter",
    header: "90 61763031 81000c00",
    frame: "91 61763031 1200 0a0b000000043d26e4daf90040 32 03 2c1000",
    codecs: "av01.0.00M.08",
    entry: "av01",
    box: "av1C",
    content: "81000c00",
  },
  {
    ...video,
    name: "VP9",
    header: "90 76703039 01000000 000b820202020000",
    frame: "91 76703039 824983420014900b960438241c184a00",
    codecs: "vp09.00.11.08",
    entry: "vp09",
    box: "vpcC",
    content: "01000000 000b820202020000",
  },
  {
    ...video,
    name: "VP9 with a bare record",
    header: "90 76703039 000b820202020000",
    frame: "91 76703039 824983420014900b960438241c184a00",
    codecs: "vp09.00.11.08",
    entry: "vp09",
    box: "vpcC",
    content: "01000000 000b820202020000",
  },
  {
    ...video,
    name: "VP9 of profile 3 in HDR",
    header: "90 76703039 01000000 030ba40910090000",
    frame: "91 76703039 b124c1a12a00a4805cb021c120e0c2c0",
    codecs: "vp09.03.11.10.02.09.16.09.00",
    entry: "vp09",
    box: "vpcC",
    content: "01000000 030ba40910090000",
  },
  {
    name: "Opus",
    kind: Audio,
    header: "90 4f707573 4f70757348656164 01 01 3801 80bb0000 0000 00",
    frame: "91 4f707573 f8b4af",
    codecs: "Opus",
    entry: "Opus",
    box: "dOps",
    content: "00 01 0138 0000bb80 0000 00",
    size: [48000, 1],
    samples: 960,
  },
  {
    name: "Opus with six channels",
    kind: Audio,
    header: "90 4f707573 4f70757348656164 01 06 3801 80bb0000 0000 01 0402000401020305",
    frame: "91 4f707573 fc02fffefc02fffe",
    codecs: "Opus",
    entry: "Opus",
    box: "dOps",
    content: "00 06 0138 0000bb80 0000 01 0402000401020305",
    size: [48000, 6],
    samples: 960 * 2,
  },
  {
    name: "FLAC",
    kind: Audio,
    header: "90 664c6143 664c6143 80000022 2000200000077c000894177000f00000bb80f267c731cdb21110bf8913a1dd140277",
    frame: "91 664c6143 fff8db0800e14e00",
    codecs: "fLaC",
    entry: "fLaC",
    box: "dfLa",
    content: "00000000 80000022 2000200000077c000894177000f00000bb80f267c731cdb21110bf8913a1dd140277",
    size: [96000, 1],
    samples: 8192,
  },
  {
    name: "FLAC without its magic",
    kind: Audio,
    header: "90 664c6143 80000022 2000200000077c000894177000f00000bb80f267c731cdb21110bf8913a1dd140277",
    frame: "91 664c6143 fff8db0800e14e00",
    codecs: "fLaC",
    entry: "fLaC",
    box: "dfLa",
    content: "00000000 80000022 2000200000077c000894177000f00000bb80f267c731cdb21110bf8913a1dd140277",
    size: [96000, 1],
    samples: 8192,
  },
  {
    name: "AC-3 with six channels",
    kind: Audio,
    header: "",
    frame: "91 61632d33 0b770ad35e40ebf8403eff9df082",
    codecs: "ac-3",
    entry: "ac-3",
    box: "dac3",
    content: "503de0",
    size: [44100, 6],
    samples: 1536,
  },
  {
    name: "MP3",
    kind: Audio,
    header: "",
    frame: "91 2e6d7033 fffb50c400000a2c432e5594",
    codecs: "mp4a.40.34",
    entry: "mp4a",
    box: "esds",
    content: "00000000 03808080 1b 0000 00 04808080 0d 6b 15 000000 00000000 00000000 06808080 01 02",
    size: [44100, 1],
    samples: 1152,
  },
  {
    name: "MP3 of MPEG-2",
    kind: Audio,
    header: "",
    frame: "91 2e6d7033 fff340c400133062843f4f18",
    codecs: "mp4a.40.34",
    entry: "mp4a",
    box: "esds",
    content: "00000000 03808080 1b 0000 00 04808080 0d 69 15 000000 00000000 00000000 06808080 01 02",
    size: [22050, 1],
    samples: 576,
  },
  {
    name: "AAC",
    kind: Audio,
    header: "90 6d703461 1210",
    frame: "91 6d703461 21",
    codecs: "mp4a.40.2",
    entry: "mp4a",
    box: "esds",
    content: "00000000 03808080 22 0000 00 04808080 14 40 15 000000 00000000 00000000 05808080 02 1210 06808080 01 02",
    size: [44100, 2],
    samples: 1024,
  },
];
