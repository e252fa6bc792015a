import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import type { Columns } from "./history.ts";
import { spoken } from "./words.ts";

/** A line of a chart. */
export interface ChartLine {
  readonly label: string;
  /** The custom property of the style sheet that has the line's colour. */
  readonly colour: string;
}

/** What a chart shows. */
export interface ChartProps {
  /** Text for screen readers: what the chart shows, with the last values. */
  readonly label: string;
  readonly columns: Columns;
  readonly lines: readonly ChartLine[];
  readonly height: number;
  /** Without axes, for a row of a table. */
  readonly small?: boolean;
  format?(value: number): string;
}

/** Possible distances between two marks of the time axis, s; at least 1, as labels have whole seconds. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600];

/** Numbers over time. The chart is redrawn for a new sample, another size or other colours. */
export function Chart({ label, columns, lines, height, small = false, format = String }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const kind = JSON.stringify([lines, height, small, spoken()]);
  // `kind` changes with all that the chart is made of.
  useEffect(() => {
    const root = place.current;
    if (root === null) return undefined;
    // The colour is read from an element, as the property itself may have one for each colour scheme.
    const colourOf = (name: string) => {
      root.style.color = `var(${name})`;
      const { color } = getComputedStyle(root);
      root.style.color = "";
      return color;
    };
    const make = () => {
      plot.current?.destroy();
      plot.current = new uPlot(options(lines, height, small, root.clientWidth, colourOf, format), columns, root);
    };
    make();
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: root.clientWidth, height }));
    resized.observe(root);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const themed = new MutationObserver(make);
    themed.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    scheme.addEventListener("change", make);
    return () => {
      resized.disconnect();
      themed.disconnect();
      scheme.removeEventListener("change", make);
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [kind]);
  const last = columns[0].at(-1);
  // The columns are the same object, with another last sample.
  useEffect(() => plot.current?.setData(columns), [last, columns]);
  return (
    <div
      ref={place}
      class={small ? "chart small" : "chart"}
      role="img"
      aria-label={label}
      style={{ height: `${height}px` }}
    />
  );
}

function options(
  lines: readonly ChartLine[],
  height: number,
  small: boolean,
  width: number,
  colourOf: (name: string) => string,
  format: (value: number) => string,
): uPlot.Options {
  const [soft, edge] = [colourOf("--soft"), colourOf("--edge")];
  const axis = { stroke: soft, grid: { stroke: edge, width: 1 }, ticks: { show: false }, font: "12px system-ui" };
  const time = (seconds: number) => new Date(seconds * 1000).toLocaleTimeString(spoken(), { hour12: false });
  return {
    ...{ width, height, legend: { show: false }, cursor: { show: false }, pxAlign: 0 },
    padding: small ? [2, 0, 2, 0] : [8, 32, 0, 0],
    scales: { x: { time: true }, y: { range: (_, __, max) => [0, Math.max(1, (max ?? 0) * 1.1)] } },
    axes: small
      ? [{ show: false }, { show: false }]
      : [
          { ...axis, values: (_, splits) => splits.map(time), incrs: STEPS, space: 90, size: 28 },
          { ...axis, values: (_, splits) => splits.map(format), size: 76 },
        ],
    series: [
      {},
      ...lines.map(({ label, colour }) => ({ label, stroke: colourOf(colour), width: 1.5, points: { show: false } })),
    ],
  };
}
