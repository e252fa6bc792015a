/** One PES packet as it was in a transport stream. */
export interface PesPacket {
  readonly pid: number;
  readonly streamId: number;
  /** 90 kHz. */
  readonly pts: number;
  readonly dts: number;
  readonly data: Uint8Array;
  /** PES_packet_length as sent. */
  readonly length: number;
  readonly randomAccess: boolean;
  /** Where its first transport packet is. */
  readonly at: number;
}

/** A clock reference: its 90 kHz base, and where it is. */
export interface ClockReference {
  readonly pid: number;
  readonly base: number;
  readonly at: number;
}

/** What is in a transport stream. */
export interface TransportStream {
  readonly pes: readonly PesPacket[];
  readonly clocks: readonly ClockReference[];
  /** PAT and PMT sections in their order, without pointer field. */
  readonly sections: readonly { readonly pid: number; readonly bytes: Uint8Array; readonly at: number }[];
  /** Packets whose counter does not follow, "0x100 at 376: 5 after 3". */
  readonly errors: readonly string[];
  /** Packets with payload of each PID. */
  readonly counts: ReadonlyMap<number, number>;
}

interface Unit {
  readonly parts: Uint8Array[];
  readonly randomAccess: boolean;
  readonly at: number;
}

/** Takes a transport stream apart. Throws where it breaks ISO 13818-1 in other ways than by a counter. */
export function demux(bytes: Uint8Array): TransportStream {
  if (bytes.length % 188 !== 0) throw new Error(`${bytes.length} bytes are no whole packets`);
  const demuxer = new Demuxer();
  for (let at = 0; at < bytes.length; at += 188) demuxer.packet(bytes.subarray(at, at + 188), at);
  return demuxer.end();
}

class Demuxer {
  readonly #pes: PesPacket[] = [];
  readonly #clocks: ClockReference[] = [];
  readonly #sections: { pid: number; bytes: Uint8Array; at: number }[] = [];
  readonly #errors: string[] = [];
  readonly #counts = new Map<number, number>();
  readonly #counters = new Map<number, number>();
  readonly #open = new Map<number, Unit>();

  packet(packet: Uint8Array, at: number): void {
    const [sync, high, low] = [byte(packet, 0), byte(packet, 1), byte(packet, 2)];
    const [control, length] = [byte(packet, 3), byte(packet, 4)];
    if (sync !== 0x47 || high & 0x80 || control & 0xc0) throw new Error(`a broken header at ${at}`);
    const pid = ((high & 0x1f) << 8) | low;
    const hasPayload = (control & 0x10) !== 0;
    const hasField = (control & 0x20) !== 0;
    const payloadAt = hasField ? 5 + length : 4;
    if (hasPayload ? payloadAt >= 188 : payloadAt !== 188) throw new Error(`a field of ${length} bytes at ${at}`);
    const field = hasField ? packet.subarray(5, payloadAt) : new Uint8Array(0);
    const flags = byte(field, 0);
    this.#count(pid, control & 15, hasPayload, (flags & 0x80) !== 0, at);
    this.#field(pid, field, flags, at);
    if (hasPayload) this.#payload(pid, packet.subarray(payloadAt), (high & 0x40) !== 0, (flags & 0x40) !== 0, at);
  }

  end(): TransportStream {
    for (const [pid, unit] of this.#open) close(pid, unit, this.#pes);
    this.#pes.sort((a, b) => a.at - b.at);
    const [pes, clocks, sections, errors, counts] = [
      this.#pes,
      this.#clocks,
      this.#sections,
      this.#errors,
      this.#counts,
    ];
    return { pes, clocks, sections, errors, counts };
  }

  #count(pid: number, counter: number, hasPayload: boolean, discontinuity: boolean, at: number): void {
    const before = this.#counters.get(pid);
    this.#counters.set(pid, counter);
    if (hasPayload) this.#counts.set(pid, (this.#counts.get(pid) ?? 0) + 1);
    if (before === undefined || discontinuity || counter === ((before + (hasPayload ? 1 : 0)) & 15)) return;
    this.#errors.push(`0x${pid.toString(16)} at ${at}: ${counter} after ${before}`);
  }

  #field(pid: number, field: Uint8Array, flags: number, at: number): void {
    const used = flags & 0x10 ? 7 : 1;
    if (field.subarray(used).some((value) => value !== 0xff)) throw new Error(`stuffing that is none at ${at}`);
    if (used === 1) return;
    const high = field.subarray(1, 5).reduce((sum, value) => sum * 256 + value, 0);
    this.#clocks.push({ pid, at, base: high * 2 + (byte(field, 5) >> 7) });
  }

  #payload(pid: number, payload: Uint8Array, starts: boolean, randomAccess: boolean, at: number): void {
    if (pid === 0 || pid === 0x1000) {
      const size = 3 + (((byte(payload, 2) & 15) << 8) | byte(payload, 3));
      this.#sections.push({ pid, at, bytes: payload.slice(1, 1 + size) });
      return;
    }
    const unit = this.#open.get(pid);
    if (starts) {
      close(pid, unit, this.#pes);
      this.#open.set(pid, { parts: [payload], randomAccess, at });
    } else if (unit === undefined) throw new Error(`a PES packet without a beginning at ${at}`);
    else unit.parts.push(payload);
  }
}

function close(pid: number, unit: Unit | undefined, into: PesPacket[]): void {
  if (unit === undefined) return;
  const all = new Uint8Array(unit.parts.reduce((sum, part) => sum + part.length, 0));
  let to = 0;
  for (const part of unit.parts) {
    all.set(part, to);
    to += part.length;
  }
  if (byte(all, 0) !== 0 || byte(all, 1) !== 0 || byte(all, 2) !== 1) throw new Error(`no start code at ${unit.at}`);
  const length = (byte(all, 4) << 8) | byte(all, 5);
  if (length !== 0 && length !== all.length - 6) throw new Error(`PES length ${length} of ${all.length} at ${unit.at}`);
  const pts = timestamp(all, 9);
  const dts = byte(all, 7) >> 6 === 3 ? timestamp(all, 14) : pts;
  const data = all.slice(9 + byte(all, 8));
  into.push({ pid, streamId: byte(all, 3), pts, dts, data, length, randomAccess: unit.randomAccess, at: unit.at });
}

function timestamp(bytes: Uint8Array, at: number): number {
  const [a, b, c, d, e] = [0, 1, 2, 3, 4].map((i) => byte(bytes, at + i)) as [number, number, number, number, number];
  if ((a & c & e & 1) !== 1) throw new Error(`a timestamp without markers`);
  return ((a >> 1) & 7) * 2 ** 30 + b * 2 ** 22 + (c >> 1) * 2 ** 15 + d * 2 ** 7 + (e >> 1);
}

function byte(bytes: Uint8Array | undefined, at: number): number {
  return bytes?.[at] ?? 0;
}

/** The NAL units of an Annex B frame whose start codes all have four bytes, or three. */
export function nalUnits(data: Uint8Array): Uint8Array[] {
  const units: Uint8Array[] = [];
  let start = -1;
  for (let at = 0; at + 3 <= data.length; at++) {
    if (data[at] !== 0 || data[at + 1] !== 0 || data[at + 2] !== 1) continue;
    if (start >= 0) units.push(data.slice(start, data[at - 1] === 0 ? at - 1 : at));
    start = at + 3;
  }
  if (start >= 0) units.push(data.slice(start));
  return units;
}
