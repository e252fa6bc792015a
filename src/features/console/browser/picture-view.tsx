import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { NodeLink } from "./api-answers.ts";
import { duration, number, rate, shown } from "./format.ts";
import { Badge, Name, toneOf } from "./parts.tsx";
import { type Box, type Line, nodeName, type Picture } from "./picture.ts";
import { t } from "./words.ts";

/** Maximum number of servers that a box lists as its sources; failing ones come first. */
const MAX_INCOMING = 12;

/** A line as it is drawn. */
interface Drawn {
  readonly key: string;
  readonly state: Line["state"];
  readonly path: string;
}

/**
 * The cluster as boxes with lines between them. The boxes have all information as text, which the lines repeat: a box lists its incoming
 * connections and their state.
 */
export function PictureView({ picture: { boxes, lines } }: { picture: Picture }) {
  const root = useRef<HTMLDivElement>(null);
  const [drawn, setDrawn] = useState<readonly Drawn[]>([]);
  const shape = JSON.stringify([
    boxes.map(({ key, column }) => [key, column]),
    lines.map(({ from, to, state }) => [from, to, state]),
  ]);
  // `shape` changes with all that is drawn.
  useLayoutEffect(() => {
    const element = root.current;
    if (element === null) return undefined;
    const draw = () => setDrawn(draws(element, lines));
    const observer = new ResizeObserver(draw);
    observer.observe(element);
    for (const box of element.querySelectorAll("[data-box]")) observer.observe(box);
    draw();
    return () => observer.disconnect();
  }, [shape]);
  const columns = Map.groupBy(boxes, ({ column }) => column);
  const names = new Map(boxes.map((box) => [box.key, nameOf(box)]));
  return (
    <div class="picture" ref={root}>
      <svg aria-hidden="true">
        {drawn.map(({ key, state, path }) => (
          <path key={key} class={state} d={path} />
        ))}
      </svg>
      {[...columns].map(([column, those]) => (
        <ul key={column}>
          {those.map((box) => (
            <li key={box.key} data-box={box.key} class={`box ${box.kind} ${box.kind === "node" ? box.node.state : ""}`}>
              <BoxContent box={box} />
              <Incoming lines={lines.filter(({ to, link }) => to === box.key && link !== undefined)} names={names} />
            </li>
          ))}
        </ul>
      ))}
    </div>
  );
}

function nameOf(box: Box): string {
  if (box.kind === "node") return box.node.self ? t("this server") : nodeName(box.node);
  return box.kind === "server" ? box.name : t(box.kind === "encoders" ? "Encoders" : "Viewers");
}

function BoxContent({ box }: { box: Box }) {
  switch (box.kind) {
    case "encoders":
    case "viewers": {
      const count = t(box.kind === "encoders" ? "{n} encoders" : "{n} viewers", { n: box.count });
      return (
        <>
          <h3>{count}</h3>
          <p>{rate(box.kbps)}</p>
        </>
      );
    }
    case "server":
      return (
        <>
          <h3>
            <Name>{box.name}</Name>
          </h3>
          <p class="soft">{t("Other server")}</p>
        </>
      );
    case "node":
      return <NodeContent box={box} />;
  }
}

function NodeContent({ box: { node } }: { box: Extract<Box, { kind: "node" }> }) {
  const { state, flow, zone, seen_ms, heard_by } = node;
  const isDead = state === "dead";
  return (
    <>
      <h3>
        {node.self ? t("This server") : <Name>{nodeName(node)}</Name>} <Badge state={state} tone={toneOf(state)} />
      </h3>
      {isDead ? (
        <p>{seen_ms !== null && t("last seen {time} ago", { time: duration(seen_ms) })}</p>
      ) : (
        <>
          <p>
            {t("{n} streams", { n: node.streams })} · {t("in {rate}", { rate: rate(flow?.kbps_in ?? null) })} ·{" "}
            {t("out {rate}", { rate: rate(node.kbps) })}
          </p>
          <p>
            {t("{now} of {max} connections", { now: number(node.connections), max: number(node.max_connections) })} ·{" "}
            {t("{n} % CPU", { n: Math.round(100 * node.cpu) })}
          </p>
          {flow !== null && flow.age_ms !== null && <p>{t("packets {time} old", { time: duration(flow.age_ms) })}</p>}
          {flow !== null && flow.unhealthy > 0 && (
            <p>
              <Badge tone="warn">{t("{n} unhealthy", { n: flow.unhealthy })}</Badge>
            </p>
          )}
        </>
      )}
      {heard_by.includes("registry") && (
        <p class="soft">
          {t(heard_by.includes("peers") ? "heard of by the registry and as a peer" : "heard of by the registry")}
        </p>
      )}
      {zone !== "" && (
        <p class="soft">
          <Name>{zone}</Name>
        </p>
      )}
    </>
  );
}

function Incoming({ lines, names }: { lines: readonly Line[]; names: ReadonlyMap<string, string> }) {
  if (lines.length === 0) return null;
  const isFailing = ({ state }: Line) => (state === "failing" ? 0 : 1);
  const shownLines = lines.toSorted((a, b) => isFailing(a) - isFailing(b)).slice(0, MAX_INCOMING);
  const more = lines.length - shownLines.length;
  return (
    <ul class="incoming">
      {shownLines.map(({ from, state, link }) => (
        <li key={from} class={state}>
          {t("from {name}", { name: shown(names.get(from) ?? from) })}: {link !== undefined && <LinkText link={link} />}
        </li>
      ))}
      {more > 0 && <li>{t("and from {n} more", { n: more })}</li>}
    </ul>
  );
}

function LinkText({ link: { running, failing, paused, kbps, lag_ms, error } }: { link: NodeLink }) {
  const parts = [
    running > 0 && t("{n} running", { n: running }),
    failing > 0 && t("{n} failing", { n: failing }),
    paused > 0 && t("{n} paused", { n: paused }),
    running > 0 && rate(kbps),
    running > 0 && lag_ms !== null && t("{time} behind", { time: duration(lag_ms) }),
    error !== null && shown(error),
  ];
  return <>{parts.filter(Boolean).join(" · ")}</>;
}

/** Lines between facing sides of boxes: to the right between columns, down if columns are below each other on a narrow page. */
function draws(root: HTMLElement, lines: readonly Line[]): Drawn[] {
  const at = root.getBoundingClientRect();
  const boxes = new Map(
    [...root.querySelectorAll<HTMLElement>("[data-box]")].map((box) => [box.dataset.box, box.getBoundingClientRect()]),
  );
  return lines.flatMap(({ from, to, state }) => {
    const [a, b] = [boxes.get(from), boxes.get(to)];
    if (a === undefined || b === undefined) return [];
    return [{ key: `${from} ${to}`, state, path: a.right <= b.left ? across(a, b, at) : down(a, b, at) }];
  });
}

function across(a: DOMRect, b: DOMRect, at: DOMRect): string {
  const [x1, y1, x2, y2] = [
    a.right - at.left,
    (a.top + a.bottom) / 2 - at.top,
    b.left - at.left,
    (b.top + b.bottom) / 2 - at.top,
  ];
  const middle = (x1 + x2) / 2;
  return `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`;
}

function down(a: DOMRect, b: DOMRect, at: DOMRect): string {
  const [x1, y1, x2, y2] = [
    (a.left + a.right) / 2 - at.left,
    a.bottom - at.top,
    (b.left + b.right) / 2 - at.left,
    b.top - at.top,
  ];
  // Along the left side, past the boxes between.
  if (y2 - y1 > 40)
    return `M${a.left - at.left} ${(a.top + a.bottom) / 2 - at.top}h-8V${(b.top + b.bottom) / 2 - at.top}h8`;
  return `M${x1} ${y1}L${x2} ${y2}`;
}
