import { connectControls } from "./controls.ts";
import { findElements, setText } from "./elements.ts";
import { readPageAddress } from "./media-address.ts";
import { Player } from "./player.ts";
import { View } from "./view.ts";
import { possibleWays, waysFor } from "./ways.ts";
import { cannotPlay } from "./words.ts";

const elements = findElements();
const address = readPageAddress(location.href);
setText(elements.name, address.name);
document.title = `${address.name} – live`;
elements.player.classList.toggle("embedded", window.top !== window);

const possible = possibleWays(elements.video);
for (const option of elements.way.options) option.disabled = waysFor(option.value, possible).length === 0;
elements.way.value = address.chosen ?? "";
if (waysFor(address.chosen, possible).length === 0) new View(elements).unable(cannotPlay);
else {
  const player = new Player(elements, address, possible);
  connectControls(elements, player);
  player.start();
}
