/** The byte before each AMF0 value (AMF0 2.1, 3.1). MovieClip (4) and RecordSet (14) are reserved: peers must not send them. */
export const Amf0Marker = {
  Number: 0x00,
  Boolean: 0x01,
  String: 0x02,
  Object: 0x03,
  Null: 0x05,
  Undefined: 0x06,
  Reference: 0x07,
  EcmaArray: 0x08,
  ObjectEnd: 0x09,
  StrictArray: 0x0a,
  Date: 0x0b,
  LongString: 0x0c,
  Unsupported: 0x0d,
  XmlDocument: 0x0f,
  TypedObject: 0x10,
  /** One AMF3 value follows. */
  AvmPlus: 0x11,
} as const;
