import { Pid, patSection, pmtSection, StreamType, sectionPacket } from "./psi.ts";

const pat = sectionPacket(Pid.Pat, patSection());

/** The streams of a program, and its PSI packets. Never changed: another program replaces it. */
export class Program {
  readonly video: number;
  readonly audio: number;
  readonly #version: number;
  #pmt: Uint8Array | undefined;
  #soundPmt: Uint8Array | undefined;

  private constructor(video: number, audio: number, version: number) {
    this.video = video;
    this.audio = audio;
    this.#version = version;
  }

  /** Without any stream. */
  static readonly none = new Program(StreamType.None, StreamType.None, 0);

  /** The program with these stream types: this one, or one with the next version. */
  with(video: number, audio: number): Program {
    if (video === this.video && audio === this.audio) return this;
    return new Program(video, audio, this === Program.none ? 0 : this.#version + 1);
  }

  /** The PAT's packet, with a continuity counter of 0. */
  get pat(): Uint8Array {
    return pat;
  }

  /** The PMT's packet, with a continuity counter of 0. The one without video has its own version, as readers may change. */
  pmt(withVideo: boolean): Uint8Array {
    if (withVideo) {
      this.#pmt ??= sectionPacket(Pid.Pmt, pmtSection(this.video, this.audio, this.#version * 2));
      return this.#pmt;
    }
    this.#soundPmt ??= sectionPacket(Pid.Pmt, pmtSection(StreamType.None, this.audio, this.#version * 2 + 1));
    return this.#soundPmt;
  }
}
