const ROUNDS = 5;

/**
 * How much more time `work` needs for one large input than for eight small ones that are as large together: 1 if its time grows with the
 * size, 8 if it grows with the square of the size. The best of some rounds counts, so that other work of the machine does not matter.
 */
export function growth(work: (size: number) => void, size: number): number {
  const [large, small] = [
    () => work(size),
    () => {
      for (let count = 0; count < 8; count++) work(size / 8);
    },
  ];
  const best = { large: Number.POSITIVE_INFINITY, small: Number.POSITIVE_INFINITY };
  for (let round = 0; round < ROUNDS; round++) {
    best.small = Math.min(best.small, took(small));
    best.large = Math.min(best.large, took(large));
  }
  return best.large / best.small;
}

function took(work: () => void): number {
  const since = performance.now();
  work();
  return performance.now() - since;
}
