import type { LogFields } from "./log.ts";
import { masked, maskName, maskText, namesSecret } from "./mask.ts";
import type { Secrets } from "./secrets.ts";

/** Fields that hold sentences; every other text is treated as a name. */
const sentences = new Set(["error", "reason"]);

/** The fields of a log line with secrets masked. */
export function maskFields(fields: LogFields, secrets: readonly Secrets[]): LogFields {
  const shown: Record<string, string | number | boolean | undefined> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value !== "string") shown[name] = value;
    else if (namesSecret(name)) shown[name] = masked;
    else shown[name] = hideAll(sentences.has(name) ? maskText(value) : maskName(value), secrets);
  }
  return shown;
}

/** The message of a log line with secrets masked. */
export function maskMessage(message: string, secrets: readonly Secrets[]): string {
  return hideAll(maskText(message), secrets);
}

function hideAll(text: string, secrets: readonly Secrets[]): string {
  return secrets.reduce((shown, each) => each.hide(shown), text);
}
