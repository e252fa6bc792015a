import { useEffect, useState } from "preact/hooks";
import { type Route, readRoute } from "./route.ts";

/** The current route; follows changes of the address. */
export function useRoute(): Route {
  const [route, setRoute] = useState(() => readRoute(location.hash));
  useEffect(() => {
    const follow = () => setRoute(readRoute(location.hash));
    addEventListener("hashchange", follow);
    // The address may have changed since the page was first drawn.
    follow();
    return () => removeEventListener("hashchange", follow);
  }, []);
  return route;
}
