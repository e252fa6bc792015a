import { clip } from "../support/e2e/clips.ts";
import { hostsProblem } from "../support/e2e/hosts.ts";
import { PagePlayer } from "../support/e2e/page-player.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { pagePairs, type Section, sectionsOf, textOf } from "../support/pages.ts";

const file = "tests/e2e/pages.test.ts";
const problem = hostsProblem();
const test = problem === undefined ? testWith(file, "FFmpeg") : (testWith(file).skip as never);
if (problem !== undefined) process.stdout.write(`skipped: ${file} needs hosts of namespaces: ${problem}\n`);

/** What is followed in one go: a whole page where servers are started before its first section, else each section with commands. */
const scenes = pagePairs().flatMap(({ english }): [string, readonly Section[]][] => {
  const [before, ...sections] = sectionsOf(textOf(english));
  if (before !== undefined && hasCommands(before)) return [[english, [before, ...sections]]];
  return sections.filter(hasCommands).map((section) => [`${english}: ${section.heading}`, [section]]);
});

function hasCommands({ blocks }: Section): boolean {
  return blocks.some(({ language }) => language === "sh");
}

test.concurrent.each(scenes)(
  "the commands of %s work as the page says",
  async (_name: string, sections: readonly Section[]) => {
    await using stage = new Stage();
    const skipped = await PagePlayer.follow(stage, sections, clip({ seconds: 120 }));
    for (const program of new Set(skipped)) process.stdout.write(`skipped: ${program} in ${file}, as it is missing\n`);
  },
);
