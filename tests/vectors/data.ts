/** Data messages of publishers (RTMP type 18, or 15 where it says so). */
export interface DataVector {
  readonly name: string;
  readonly amf3?: boolean;
  readonly hex: string;
  /** Undefined: nothing is relayed. */
  readonly read:
    | { readonly name: string; readonly action: "metadata" | "clear" | "pass"; readonly merge: boolean }
    | undefined;
  /** What passes on, where that is not the message as it is. */
  readonly body?: string;
}

const set = "02000d40736574446174614672616d65";
const clear = "02000f40636c656172446174614672616d65";
const onMetaData = "02000a6f6e4d65746144617461";
const onTextData = "02000a6f6e5465787444617461";
const onCuePoint = "02000a6f6e437565506f696e74";
const sampleAccess = "0200117c52746d7053616d706c65416363657373";
const widthObject = "03 0005 7769647468 00 4050000000000000 000009";

/** As FFmpeg 5.1.9 writes it into FLV (captured); to RTMP it sends the same behind `@setDataFrame`. */
export const ffmpegMetadata = `${onMetaData}08 0000000d
  0008 6475726174696f6e 00 3ff3333333333333 0005 7769647468 00 4050000000000000 0006 686569676874 00 4050000000000000
  000d 766964656f6461746172617465 00 0000000000000000 0009 6672616d6572617465 00 4024000000000000
  000c 766964656f636f6465636964 00 401c000000000000 000d 617564696f6461746172617465 00 4050d88000000000
  000f 617564696f73616d706c6572617465 00 40e5888000000000 000f 617564696f73616d706c6573697a65 00 4030000000000000
  0006 73746572656f 01 00 000c 617564696f636f6465636964 00 4024000000000000
  0007 656e636f646572 02 000d 4c61766635392e32372e313030 0008 66696c6573697a65 00 40c9bc0000000000 000009`;

export const dataVectors: readonly DataVector[] = [
  { name: "onMetaData", hex: onMetaData + widthObject, read: { name: "onMetaData", action: "metadata", merge: false } },
  {
    name: "onMetaData behind @setDataFrame (FFmpeg)",
    hex: set + ffmpegMetadata,
    read: { name: "onMetaData", action: "metadata", merge: true },
  },
  {
    name: "onMetaData of a Flash publisher (AMF3)",
    amf3: true,
    hex: `00 ${set} ${onMetaData} 11 0a0b01 0b7769647468 0440 01`,
    read: { name: "onMetaData", action: "metadata", merge: true },
  },
  { name: "@clearDataFrame", hex: clear + onMetaData, read: { name: "onMetaData", action: "clear", merge: false } },
  { name: "@clearDataFrame without a name", hex: clear, read: { name: "onMetaData", action: "clear", merge: false } },
  { name: "onCuePoint", hex: onCuePoint + widthObject, read: { name: "onCuePoint", action: "pass", merge: false } },
  {
    name: "onTextData behind @setDataFrame",
    hex: set + onTextData + widthObject,
    read: { name: "onTextData", action: "pass", merge: true },
    body: onTextData + widthObject,
  },
  {
    name: "onTextData in AMF3",
    amf3: true,
    hex: `00 ${onTextData} 11 0a0b01 01`,
    read: { name: "onTextData", action: "pass", merge: false },
  },
  {
    name: "onTextData in AMF3 behind @setDataFrame",
    amf3: true,
    hex: `00 ${set} ${onTextData} 11 0a0b01 01`,
    read: { name: "onTextData", action: "pass", merge: true },
    body: `00 ${onTextData} 11 0a0b01 01`,
  },
  {
    name: "onTextData in AMF3 without the leading zero",
    amf3: true,
    hex: `${set} ${onTextData} 05`,
    read: { name: "onTextData", action: "pass", merge: true },
    body: `${onTextData} 05`,
  },
  { name: "AMF3 that is no AMF0 at all", amf3: true, hex: "06 0141", read: { name: "", action: "pass", merge: false } },
  {
    name: "onTextData whose values are broken",
    hex: `${onTextData} 03 0005`,
    read: { name: "onTextData", action: "pass", merge: false },
  },
  { name: "|RtmpSampleAccess", hex: `${sampleAccess} 0101 0101`, read: undefined },
  { name: "|RtmpSampleAccess behind @setDataFrame", hex: `${set}${sampleAccess} 0101 0101`, read: undefined },
  { name: "nothing", hex: "", read: undefined },
  { name: "FFmpeg's time code", hex: "00 00 00 01", read: undefined },
  { name: "a number instead of a name", hex: "00 3ff0000000000000", read: undefined },
  { name: "a name cut off", hex: "02 000a 6f6e", read: undefined },
  { name: "@setDataFrame alone", hex: set, read: undefined },
];
