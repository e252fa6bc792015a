type Constructor<E extends Element> = new () => E;

function find<E extends Element>(id: string, type: Constructor<E>): E {
  const element = document.getElementById(id);
  if (element instanceof type) return element;
  throw new Error(`the page has no ${id}`);
}

const button = (id: string): HTMLButtonElement => find(id, HTMLButtonElement);
const html = (id: string): HTMLElement => find(id, HTMLElement);

/** The parts of the page that scripts touch, by the ids in index.html. */
export interface Elements {
  readonly player: HTMLElement;
  readonly name: HTMLElement;
  readonly stage: HTMLElement;
  readonly video: HTMLVideoElement;
  readonly frozen: HTMLCanvasElement;
  readonly cover: HTMLElement;
  readonly spinner: HTMLElement;
  readonly sign: SVGElement;
  readonly title: HTMLElement;
  readonly text: HTMLElement;
  readonly countdown: HTMLElement;
  readonly again: HTMLButtonElement;
  readonly start: HTMLButtonElement;
  readonly sound: HTMLButtonElement;
  readonly toggle: HTMLButtonElement;
  readonly mute: HTMLButtonElement;
  readonly volume: HTMLInputElement;
  readonly live: HTMLElement;
  readonly liveText: HTMLElement;
  readonly way: HTMLSelectElement;
  readonly details: HTMLButtonElement;
  readonly fullscreen: HTMLButtonElement;
  readonly figures: HTMLElement;
  readonly spoken: HTMLElement;
  readonly iconPlay: SVGElement;
  readonly iconPause: SVGElement;
  readonly iconWaves: SVGElement;
  readonly iconMuted: SVGElement;
}

/** Finds all elements. Throws if one is missing. */
export function findElements(): Elements {
  return {
    player: html("player"),
    name: html("name"),
    stage: html("stage"),
    video: find("video", HTMLVideoElement),
    frozen: find("frozen", HTMLCanvasElement),
    cover: html("cover"),
    spinner: html("spinner"),
    sign: find("sign", SVGElement),
    title: html("title"),
    text: html("text"),
    countdown: html("countdown"),
    again: button("again"),
    start: button("start"),
    sound: button("sound"),
    toggle: button("toggle"),
    mute: button("mute"),
    volume: find("volume", HTMLInputElement),
    live: html("live"),
    liveText: html("live-text"),
    way: find("way", HTMLSelectElement),
    details: button("details"),
    fullscreen: button("fullscreen"),
    figures: html("figures"),
    spoken: html("spoken"),
    iconPlay: find("icon-play", SVGElement),
    iconPause: find("icon-pause", SVGElement),
    iconWaves: find("icon-waves", SVGElement),
    iconMuted: find("icon-muted", SVGElement),
  };
}

/** Shows or hides; works for SVG elements, too, which have no `hidden` property. */
export function show(element: Element, visible: boolean): void {
  element.toggleAttribute("hidden", !visible);
}

/** Sets a text only if it has changed, so that nothing is drawn or spoken again. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
