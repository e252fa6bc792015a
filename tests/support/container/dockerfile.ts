/** One COPY of a Dockerfile. */
export interface Copy {
  /** The stage that the files are from; undefined: from the repository. */
  readonly from: string | undefined;
  /** `USER:GROUP` as numbers; undefined: root. */
  readonly owner: string | undefined;
  readonly source: string;
  readonly to: string;
}

/** What the last stage of a Dockerfile says. */
export interface ImagePlan {
  readonly base: string;
  readonly copies: readonly Copy[];
  readonly env: Readonly<Record<string, string>>;
  readonly volumes: readonly string[];
  readonly ports: readonly number[];
  readonly user: string;
  readonly healthcheck: readonly string[];
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /** Instructions of the stages before, as they stand there. */
  readonly before: readonly string[];
}

/** Reads the last stage, for the instructions that this project's file has. Throws on others, so that nothing is overlooked. */
export function readDockerfile(text: string): ImagePlan {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const last = lines.findLastIndex((line) => line.startsWith("FROM "));
  const plan = {
    base: "",
    copies: [] as Copy[],
    env: {} as Record<string, string>,
    volumes: [] as string[],
    ports: [] as number[],
    user: "",
    healthcheck: [] as string[],
    entrypoint: [] as string[],
    cmd: [] as string[],
    before: lines.slice(0, last),
  };
  const readers: Readonly<Record<string, (rest: string) => void>> = {
    FROM: (rest) => (plan.base = rest),
    ARG: () => undefined,
    COPY: (rest) => plan.copies.push(readCopy(rest)),
    LABEL: () => undefined,
    ENV: (rest) => Object.assign(plan.env, Object.fromEntries([rest.split("=")])),
    VOLUME: (rest) => plan.volumes.push(rest),
    EXPOSE: (rest) => plan.ports.push(...rest.split(" ").map(Number)),
    USER: (rest) => (plan.user = rest),
    HEALTHCHECK: (rest) => (plan.healthcheck = JSON.parse(rest.replace(/^.* CMD /, ""))),
    ENTRYPOINT: (rest) => (plan.entrypoint = JSON.parse(rest)),
    CMD: (rest) => (plan.cmd = JSON.parse(rest)),
  };
  for (const line of lines.slice(last)) {
    const [, word = "", rest = ""] = /^(\S+) (.*)$/.exec(line) ?? [];
    const read = readers[word];
    if (read === undefined) throw new Error(`no reader for the Dockerfile's line: ${line}`);
    read(rest);
  }
  return plan;
}

function readCopy(rest: string): Copy {
  const words = rest.split(" ");
  const option = (name: string) => words.find((word) => word.startsWith(`--${name}=`))?.split("=")[1];
  const [source = "", to = ""] = words.filter((word) => !word.startsWith("--"));
  return { from: option("from"), owner: option("chown"), source, to };
}
