import { untilListening } from "./listening.ts";
import type { Program } from "./program.ts";
import type { Stage } from "./stage.ts";
import { deadPort } from "./targets.ts";
import { nginx } from "./tools.ts";

/** Starts nginx-rtmp with one application `live`; resolves when it takes connections. `more`: further blocks of its configuration. */
export async function startNginx(
  stage: Stage,
  application: string,
  more = "",
): Promise<{ port: number; program: Program }> {
  const port = await deadPort();
  const conf = stage.write(
    "nginx.conf",
    `load_module ${nginx.module};
daemon off;
master_process off;
pid ${stage.path("nginx.pid")};
error_log stderr notice;
events { worker_connections 100; }
rtmp {
  server {
    listen 127.0.0.1:${port};
    application live { live on; ${application} }
  }
}
${more}
`,
  );
  const program = stage.start("nginx", [nginx.path, "-p", stage.directory, "-e", "stderr", "-c", conf]);
  await untilListening(program, port);
  return { port, program };
}
