/** Where viewers are served over HTTP. */
export interface ViewerEndpoint {
  readonly scheme: "http" | "https";
  /** "" for every address of the machine. */
  readonly host: string;
  readonly port: number;
}
