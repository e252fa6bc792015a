// Laid out by hand from the Adobe Flash Video File Format Specification 10.1, Annex E.

/** A file: its header (E.2), a zero PreviousTagSize0 (E.3), and tags (E.4.1). */
export const flvVectors = [
  {
    name: "a header and nothing else",
    hex: "464c5601 05 00000009 00000000",
    tags: [],
  },
  {
    name: "a script, an audio and a video tag",
    hex: `464c5601 05 00000009 00000000
      12 000003 000000 00 000000 020000 0000000e
      08 000004 000017 00 000000 af001210 0000000f
      09 000005 000028 00 000000 1700000000 00000010`,
    tags: [
      { kind: 18, timestamp: 0, payload: "020000" },
      { kind: 8, timestamp: 23, payload: "af001210" },
      { kind: 9, timestamp: 40, payload: "1700000000" },
    ],
  },
  {
    name: "timestamps whose upper 8 bits are in use",
    hex: `464c5601 01 00000009 00000000
      09 000001 ffffff 00 000000 27 0000000c
      09 000001 000001 01 000000 27 0000000c
      09 000001 ffffff ff 000000 27 0000000c`,
    tags: [
      { kind: 9, timestamp: 0xffffff, payload: "27" },
      { kind: 9, timestamp: 0x01000001, payload: "27" },
      { kind: 9, timestamp: 0xffffffff, payload: "27" },
    ],
  },
  {
    name: "a longer header of a later version",
    hex: "464c5602 01 0000000b aabb 00000000 09 000001 000000 00 000000 17 0000000c",
    tags: [{ kind: 9, timestamp: 0, payload: "17" }],
  },
  {
    name: "an encrypted tag, an empty one and one of a type that is reserved, all passed over",
    hex: `464c5601 01 00000009 00000000
      29 000001 000000 00 000000 17 0000000c
      09 000000 000000 00 000000 0000000b
      0a 000001 000000 00 000000 17 0000000c
      08 000001 000005 00 000000 af 0000000c`,
    tags: [{ kind: 8, timestamp: 5, payload: "af" }],
  },
  {
    name: "a last tag that is cut off in its body",
    hex: `464c5601 01 00000009 00000000
      09 000001 000000 00 000000 17 0000000c
      09 000010 000028 00 000000 17010000`,
    tags: [{ kind: 9, timestamp: 0, payload: "17" }],
  },
  {
    name: "a last tag that is cut off in its header, and one without its PreviousTagSize",
    hex: `464c5601 01 00000009 00000000
      09 000001 000000 00 000000 17`,
    tags: [{ kind: 9, timestamp: 0, payload: "17" }],
  },
] as const;

/** What is no FLV file. */
export const flvBadVectors = [
  { name: "nothing", hex: "", message: "an FLV file has a header of 9 bytes, this has 0" },
  { name: "half a header", hex: "464c5601", message: "an FLV file has a header of 9 bytes, this has 4" },
  { name: "an MP4 file", hex: "00000020667479706d703432", message: 'an FLV file begins with "FLV"' },
  { name: "a header shorter than itself", hex: "464c5601 05 00000008 00000000", message: "an FLV header of 8 bytes" },
  {
    name: "a header longer than the file",
    hex: "464c5601 05 7fffffff 0000",
    message: "an FLV header of 2147483647 bytes",
  },
] as const;
