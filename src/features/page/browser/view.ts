import { type Elements, setText, show } from "./elements.ts";
import type { PlaybackState } from "./playback.ts";
import { type Words, wordsFor } from "./words.ts";

/** Why nothing plays although nothing failed. */
export type Rest = "paused" | "blocked" | "unable";

/** Shows where the playback stands: in words over the picture, at the controls, and for screen readers. */
export class View {
  readonly #elements: Elements;

  constructor(elements: Elements) {
    this.#elements = elements;
  }

  /** `rest`: why it is stopped. */
  draw(state: PlaybackState, hadPicture: boolean, rest: Rest | undefined): void {
    const { cover, start, frozen, player } = this.#elements;
    player.dataset.state = state.kind === "stopped" ? (rest ?? "paused") : state.kind;
    this.#drawControls(state, rest);
    show(start, state.kind === "stopped" && rest !== "unable");
    show(cover, state.kind !== "playing");
    switch (state.kind) {
      case "playing":
        show(frozen, false);
        this.#say({ title: "", text: "" }, "Playing");
        break;
      case "connecting":
        if (state.failure === undefined) this.#say({ title: hadPicture ? "One moment…" : "Connecting…", text: "" });
        else this.#say(wordsFor(state.failure, hadPicture));
        break;
      case "waiting":
        this.#say(wordsFor(state.failure, hadPicture));
        break;
      case "stopped":
        this.#drawRest(rest);
    }
    this.#drawSigns(state);
  }

  /** The time until the next try, s; undefined: none is due. */
  countdown(seconds: number | undefined): void {
    setText(this.#elements.countdown, seconds === undefined ? "" : `Next try in ${seconds} s`);
  }

  /** The picture stands still for a moment. */
  buffering(is: boolean): void {
    this.#elements.player.toggleAttribute("data-buffering", is);
  }

  #drawControls(state: PlaybackState, rest: Rest | undefined): void {
    const { toggle, live, liveText, iconPlay, iconPause } = this.#elements;
    const stopped = state.kind === "stopped";
    const label = stopped ? "Play" : "Pause";
    toggle.setAttribute("aria-label", label);
    toggle.title = `${label} (space)`;
    toggle.disabled = rest === "unable";
    show(iconPlay, stopped);
    show(iconPause, !stopped);
    live.dataset.state = state.kind === "playing" ? "live" : "off";
    setText(liveText, liveWord(state));
  }

  #drawRest(rest: Rest | undefined): void {
    const { start } = this.#elements;
    if (rest === "blocked") this.#say({ title: "", text: "" }, "The browser waits for a click before it plays.");
    else if (rest === "paused") this.#say({ title: "", text: "" }, "Paused");
    const text = start.querySelector("span");
    if (text !== null) setText(text, rest === "paused" ? "Back to live" : "Click to play");
  }

  #drawSigns(state: PlaybackState): void {
    const { spinner, sign, again } = this.#elements;
    const failure = state.kind === "waiting" || state.kind === "connecting" ? state.failure : undefined;
    const status = failure?.kind === "status" ? failure.status : 0;
    const waits = failure?.kind === "ended" || status === 404 || status === 410;
    show(spinner, state.kind === "connecting" && failure === undefined);
    show(sign, failure !== undefined && !waits);
    show(again, state.kind === "waiting");
  }

  /** `aloud`: what screen readers say instead. */
  #say({ title, text }: Words, aloud = `${title} ${text}`.trim()): void {
    setText(this.#elements.title, title);
    setText(this.#elements.text, text);
    setText(this.#elements.spoken, aloud);
  }

  /** Says that the browser can play nothing. */
  unable(words: Words): void {
    this.draw({ kind: "stopped" }, false, "unable");
    show(this.#elements.sign, true);
    this.#say(words);
  }
}

function liveWord(state: PlaybackState): string {
  switch (state.kind) {
    case "playing":
      return "Live";
    case "connecting":
      return state.failure === undefined ? "Connecting" : "Waiting";
    case "waiting":
      return "Waiting";
    case "stopped":
      return "Paused";
  }
}
