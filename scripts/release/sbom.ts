// What the executable contains, as CycloneDX 1.5 (cyclonedx.org): the packages that are compiled in, and the runtime.
import packageJson from "../../package.json";

interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** The SBOM as JSON, from the text of package-lock.json. `seconds` is the release's time. */
export function sbom(lock: string, seconds: number): string {
  const { packages } = JSON.parse(lock) as { packages: Readonly<Record<string, LockedPackage>> };
  const names = new Set<string>();
  const waiting = Object.keys(packageJson.dependencies);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (names.has(name)) continue;
    names.add(name);
    waiting.push(...Object.keys(packages[`node_modules/${name}`]?.dependencies ?? {}));
  }
  const compiledIn = [...names].toSorted().map((name) => [name, packages[`node_modules/${name}`] ?? {}] as const);
  const components = compiledIn.map(([name, { version = "", integrity, license }]) => {
    return {
      type: "library",
      "bom-ref": purl(name, version),
      name,
      version,
      purl: purl(name, version),
      ...(integrity === undefined ? {} : { hashes: [{ alg: "SHA-512", content: hexOf(integrity) }] }),
      ...(license === undefined ? {} : { licenses: [{ expression: license }] }),
    };
  });
  const { name, version, license } = packageJson;
  const document = {
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: {
      timestamp: new Date(seconds * 1000).toISOString().replace(".000", ""),
      component: { type: "application", "bom-ref": name, name, version, licenses: [{ license: { id: license } }] },
    },
    components,
    dependencies: [{ ref: name, dependsOn: components.map((component) => component["bom-ref"]) }],
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function purl(name: string, version: string): string {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

function hexOf(integrity: string): string {
  return Buffer.from(integrity.replace(/^sha512-/, ""), "base64").toString("hex");
}
