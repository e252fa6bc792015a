import packageJson from "../../package.json" with { type: "json" };

// build.ts writes these into the executable.
declare const BUILD_VERSION: string | undefined;
declare const BUILD_COMMIT: string | undefined;

/** The version of this build; that of package.json when it is run from source. */
export const version: string = typeof BUILD_VERSION === "string" ? BUILD_VERSION : packageJson.version;

/** The commit that it was built from; "dev" when it is run from source. */
export const commit: string = typeof BUILD_COMMIT === "string" ? BUILD_COMMIT : "dev";
