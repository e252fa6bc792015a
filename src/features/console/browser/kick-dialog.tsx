import { useState } from "preact/hooks";
import type { ClientAnswer } from "./api-answers.ts";
import { duration, shown } from "./format.ts";
import { Confirm, Name } from "./parts.tsx";
import { server } from "./server.ts";
import { t } from "./words.ts";

/** Choices for the time of a ban, s; 0: no ban. */
const BANS = [0, 60, 600, 3600, 86_400];

interface KickDialogProps {
  readonly client: ClientAnswer;
  /** Kicks the client and bans its address for `ban` seconds. */
  onKick(ban: number): void;
  onCancel(): void;
}

/** Confirms that a client is to be kicked, and asks for a ban. */
export function KickDialog({ client: { id, ip, url }, onKick, onCancel }: KickDialogProps) {
  const [ban, setBan] = useState(0);
  return (
    <Confirm
      title={t("Send the client {id} away?", { id: shown(id) })}
      action={t("Send away")}
      onDone={() => onKick(ban)}
      onCancel={onCancel}
    >
      <p>
        <Name>{`${ip} ${url}`}</Name>
      </p>
      <label class="field">
        <span>{t("Keep its address from the stream")}</span>
        <select value={ban} onChange={({ currentTarget }) => setBan(Number(currentTarget.value))}>
          {BANS.map((seconds) => (
            <option key={seconds} value={seconds}>
              {seconds === 0 ? t("not at all") : duration(seconds * 1000)}
            </option>
          ))}
        </select>
      </label>
    </Confirm>
  );
}

/** Kicks a client. Throws CallError. */
export function kick(id: string, ban: number): Promise<unknown> {
  return server.call("DELETE", `/api/v1/clients/${encodeURIComponent(id)}${ban === 0 ? "" : `?ban=${ban}`}`);
}

/** Whether two clients with one id differ: after a restart, the server gives the same ids to other clients. */
export function isOther(client: ClientAnswer, before: ClientAnswer): boolean {
  return client.ip !== before.ip || client.port !== before.port;
}
