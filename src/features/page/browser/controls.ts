import { type Elements, show } from "./elements.ts";
import { withWay } from "./media-address.ts";
import type { Player } from "./player.ts";

const VOLUME_STEP = 5;
/** Time without input after which the controls hide in full screen. */
const IDLE_MS = 3000;

/** Connects buttons and keys with the player. */
export function connectControls(elements: Elements, player: Player): void {
  const { toggle, start, again, sound, mute, volume, video, way, details, fullscreen, stage } = elements;
  toggle.addEventListener("click", () => player.toggle());
  start.addEventListener("click", () => {
    player.start();
    toggle.focus();
  });
  again.addEventListener("click", () => player.again());
  sound.addEventListener("click", () => {
    video.muted = false;
    mute.focus();
  });
  mute.addEventListener("click", () => toggleMute(video));
  volume.addEventListener("input", () => setVolume(video, Number(volume.value)));
  video.addEventListener("volumechange", () => drawVolume(elements));
  way.addEventListener("change", () => {
    history.replaceState(null, "", withWay(location.href, way.value));
    player.use(way.value);
  });
  details.addEventListener("click", () => toggleDetails(elements, player));
  fullscreen.addEventListener("click", () => void toggleFullscreen(elements));
  stage.addEventListener("dblclick", () => void toggleFullscreen(elements));
  document.addEventListener("keydown", (event) => {
    if (takeKey(event, elements, player)) event.preventDefault();
  });
  hideWhenIdle(elements.player);
  navigator.mediaSession?.setActionHandler("play", () => player.start());
  navigator.mediaSession?.setActionHandler("pause", () => player.pause());
  drawVolume(elements);
}

/** Handles a key; returns whether it was one of the player's. */
function takeKey(event: KeyboardEvent, elements: Elements, player: Player): boolean {
  if (event.ctrlKey || event.altKey || event.metaKey) return false;
  const { target } = event;
  if (target instanceof HTMLSelectElement || target instanceof HTMLInputElement) return false;
  switch (event.key.toLowerCase()) {
    case " ":
      if (target instanceof HTMLButtonElement) return false;
      player.toggle();
      return true;
    case "k":
      player.toggle();
      return true;
    case "m":
      toggleMute(elements.video);
      return true;
    case "f":
      void toggleFullscreen(elements);
      return true;
    case "d":
      toggleDetails(elements, player);
      return true;
    case "arrowup":
      setVolume(elements.video, elements.video.volume * 100 + VOLUME_STEP);
      return true;
    case "arrowdown":
      setVolume(elements.video, elements.video.volume * 100 - VOLUME_STEP);
      return true;
    default:
      return false;
  }
}

function toggleMute(video: HTMLVideoElement): void {
  video.muted = !video.muted;
}

function setVolume(video: HTMLVideoElement, percent: number): void {
  video.volume = Math.min(100, Math.max(0, percent)) / 100;
  video.muted = video.volume === 0;
}

function drawVolume({ video, mute, volume, sound, iconWaves, iconMuted }: Elements): void {
  const { muted } = video;
  mute.setAttribute("aria-pressed", String(muted));
  mute.title = muted ? "Sound on (m)" : "Mute (m)";
  volume.value = String(muted ? 0 : Math.round(video.volume * 100));
  show(iconWaves, !muted);
  show(iconMuted, muted);
  if (!muted) show(sound, false);
}

function toggleDetails({ details, figures }: Elements, player: Player): void {
  const visible = figures.hasAttribute("hidden");
  show(figures, visible);
  details.setAttribute("aria-expanded", String(visible));
  player.drawFigures();
}

async function toggleFullscreen({ player, video }: Elements): Promise<void> {
  try {
    if (document.fullscreenElement !== null) await document.exitFullscreen();
    else if ("requestFullscreen" in player) await player.requestFullscreen();
    else if ("webkitEnterFullscreen" in video) (video as { webkitEnterFullscreen(): void }).webkitEnterFullscreen();
  } catch {
    // The frame around the page does not allow it.
  }
}

function hideWhenIdle(player: HTMLElement): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const touched = (): void => {
    player.classList.remove("idle");
    clearTimeout(timer);
    timer = setTimeout(() => player.classList.add("idle"), IDLE_MS);
  };
  for (const event of ["pointermove", "pointerdown", "keydown", "focusin"]) document.addEventListener(event, touched);
  touched();
}
