import { formatHostPort } from "../base/address.ts";
import type { Clock } from "../base/clock.ts";
import type { Log, LogFields } from "../base/log.ts";
import type { Client, ClientObserver, ClientTask } from "../live/ports/clients.ts";
import { streamLabel } from "../live/streams.ts";

/** Logs one line for each connect, begin and end of an activity, and disconnect of a client. */
export function logClients(clock: Pick<Clock, "now">, log: Log): ClientObserver {
  const secondsSince = (time: number) => Math.round((clock.now() - time) / 1000);
  return {
    accepted({ id, remote }) {
      log.with(id).debug("accepted", { addr: formatHostPort(remote) });
    },
    connected({ id, remote, introduction }) {
      const { url, software } = introduction ?? {};
      log.with(id).info("connected", { addr: formatHostPort(remote), url, client: software || undefined });
    },
    began(client, task) {
      const found =
        task.kind === "publish"
          ? { standby: task.source.role === "standby" || undefined }
          : { waiting: task.stream.source === undefined || undefined };
      log.with(client.id).info(`${task.kind} started`, about(client, task, found));
    },
    ended(client, task, how) {
      const { kind, bytes, lost } = task;
      if (kind === "play") {
        log.with(client.id).info("play ended", about(client, task, { bytes, lost }));
        return;
      }
      const totals = { seconds: secondsSince(task.since), packets: task.source.packets, bytes };
      const message = how === "lost" ? "publish ended, publisher lost" : "publish ended";
      log.with(client.id).info(message, about(client, task, totals));
    },
    disconnected({ id, protocol, remote, since, introduction, bytesReceived: received, bytesSent: sent }, reason) {
      const fields = { addr: formatHostPort(remote), seconds: secondsSince(since), received, sent, reason };
      if (introduction === undefined)
        log.with(id).debug(protocol === "rtmp" ? "closed before connect" : "closed", fields);
      else log.with(id).info("disconnected", fields);
    },
  };
}

function about({ remote }: Client, { stream }: ClientTask, more: LogFields): LogFields {
  return { addr: formatHostPort(remote), stream: streamLabel(stream.key), ...more };
}
