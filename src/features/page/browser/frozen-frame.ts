import { show } from "./elements.ts";

/** Keeps the last frame on show while the video element changes its source: `canvas` lies over `video`. */
export function freeze(video: HTMLVideoElement, canvas: HTMLCanvasElement): void {
  if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || video.videoWidth === 0) return;
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d")?.drawImage(video, 0, 0);
  show(canvas, true);
}
