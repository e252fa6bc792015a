import { UserError } from "../../base/errors.ts";
import { contains, formatNetwork, type Network, parseIp, parseNetwork } from "../../base/network.ts";

/** What makes a publisher preferred: its network, or a parameter of its URL (`role=primary`, or a bare name). */
export type Preference = { readonly network: Network } | { readonly param: string };

/** Reads `192.168.1.5`, `10.0.0.0/8`, or `?role=primary`. Throws UserError. */
export function parsePreference(text: string): Preference {
  if (!text.startsWith("?")) return { network: parseNetwork(text) };
  const param = text.slice(1);
  if (!/^[^\s?&#=]+(?:=[^\s?&#]*)?$/.test(param))
    throw new UserError(`"${text}" is not one parameter, such as ?role=primary`);
  return { param };
}

/** As the operator writes it. */
export function formatPreference(preference: Preference): string {
  return "param" in preference ? `?${preference.param}` : formatNetwork(preference.network);
}

/** Whether a publisher is preferred, by its IP address (`""` if it grants nothing) and its URL's parameters (`""` or `"?a=b"`). */
export function isPreferred(preferences: readonly Preference[], address: string, query: string): boolean {
  if (preferences.length === 0) return false;
  const ip = parseIp(address);
  const params = query.replace(/^\?/, "").split("&");
  return preferences.some((preference) =>
    "param" in preference
      ? params.some((param) => param === preference.param || param.split("=", 1)[0] === preference.param)
      : ip !== undefined && contains(preference.network, ip),
  );
}
