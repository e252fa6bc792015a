import { type Elements, setText, show } from "./elements.ts";
import type { PlaybackState } from "./playback.ts";
import { type Words, wordsFor } from "./words.ts";

/** Why the playback is stopped, although nothing has failed. */
export type StopReason = "paused" | "blocked" | "unable";

/** Shows the playback's state: in words over the picture, at the controls, and for screen readers. */
export class View {
  readonly #elements: Elements;

  constructor(elements: Elements) {
    this.#elements = elements;
  }

  /** `stopReason`: why the playback is stopped, if it is. */
  draw(state: PlaybackState, hadPicture: boolean, stopReason: StopReason | undefined): void {
    const { cover, start, frozen, player } = this.#elements;
    player.dataset.state = state.kind === "stopped" ? (stopReason ?? "paused") : state.kind;
    this.#drawControls(state, stopReason);
    show(start, state.kind === "stopped" && stopReason !== "unable");
    show(cover, state.kind !== "playing");
    switch (state.kind) {
      case "playing":
        show(frozen, false);
        this.#showWords({ title: "", text: "" }, "Playing");
        break;
      case "connecting":
        if (state.failure === undefined)
          this.#showWords({ title: hadPicture ? "One moment…" : "Connecting…", text: "" });
        else this.#showWords(wordsFor(state.failure, hadPicture));
        break;
      case "waiting":
        this.#showWords(wordsFor(state.failure, hadPicture));
        break;
      case "stopped":
        this.#drawStopped(stopReason);
    }
    this.#drawSigns(state);
  }

  /** The time until the next attempt, s; undefined: none is planned. */
  countdown(seconds: number | undefined): void {
    setText(this.#elements.countdown, seconds === undefined ? "" : `Next try in ${seconds} s`);
  }

  /** The picture stands still for a moment. */
  buffering(is: boolean): void {
    this.#elements.player.toggleAttribute("data-buffering", is);
  }

  #drawControls(state: PlaybackState, stopReason: StopReason | undefined): void {
    const { toggle, live, liveText, iconPlay, iconPause } = this.#elements;
    const stopped = state.kind === "stopped";
    const label = stopped ? "Play" : "Pause";
    toggle.setAttribute("aria-label", label);
    toggle.title = `${label} (space)`;
    toggle.disabled = stopReason === "unable";
    show(iconPlay, stopped);
    show(iconPause, !stopped);
    live.dataset.state = state.kind === "playing" ? "live" : "off";
    setText(liveText, liveWord(state));
  }

  #drawStopped(stopReason: StopReason | undefined): void {
    const { start } = this.#elements;
    if (stopReason === "blocked")
      this.#showWords({ title: "", text: "" }, "The browser waits for a click before it plays.");
    else if (stopReason === "paused") this.#showWords({ title: "", text: "" }, "Paused");
    const text = start.querySelector("span");
    if (text !== null) setText(text, stopReason === "paused" ? "Back to live" : "Click to play");
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

  /** `aloud`: the text for screen readers. */
  #showWords({ title, text }: Words, aloud = `${title} ${text}`.trim()): void {
    setText(this.#elements.title, title);
    setText(this.#elements.text, text);
    setText(this.#elements.spoken, aloud);
  }

  /** Shows that the browser can play nothing. */
  unable(words: Words): void {
    this.draw({ kind: "stopped" }, false, "unable");
    show(this.#elements.sign, true);
    this.#showWords(words);
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
