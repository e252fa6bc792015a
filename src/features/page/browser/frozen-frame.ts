import { show } from "./elements.ts";

/** Keeps the last frame visible on `canvas`, which lies over `video`, while the video element changes its source. */
export function freeze(video: HTMLVideoElement, canvas: HTMLCanvasElement): void {
  if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || video.videoWidth === 0) return;
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d")?.drawImage(video, 0, 0);
  show(canvas, true);
}
