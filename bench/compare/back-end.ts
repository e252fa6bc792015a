// The back end of hooks in comparisons: answers 0 to every call; with the argument "hangs", it never answers.
const hangs = process.argv[2] === "hangs";
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  idleTimeout: 0,
  fetch: () => (hangs ? new Promise<never>(() => undefined) : new Response("0")),
});
console.log(server.port);
