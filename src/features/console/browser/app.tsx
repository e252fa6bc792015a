import { useEffect, useErrorBoundary, useLayoutEffect, useRef, useState } from "preact/hooks";
import { ActionsPage } from "./actions-page.tsx";
import type { Session } from "./api-answers.ts";
import { ClientPage } from "./client-page.tsx";
import { ClientsPage } from "./clients-page.tsx";
import { ConfigPage } from "./config-page.tsx";
import { callerName, shown } from "./format.ts";
import { HealthPage } from "./health-page.tsx";
import { LogPage } from "./log-page.tsx";
import { OverviewPage } from "./overview-page.tsx";
import { type Preferences, Settings, usePreferences } from "./preferences.tsx";
import { RelaysPage } from "./relays-page.tsx";
import { addressOf, type PageName, pages, type Route } from "./route.ts";
import { server, usePolled, useStanding } from "./server.ts";
import { SignIn } from "./sign-in.tsx";
import { StandingBar } from "./standing-bar.tsx";
import { StreamPage } from "./stream-page.tsx";
import { StreamsPage } from "./streams-page.tsx";
import { useRoute } from "./use-route.ts";
import { type Text, t } from "./words.ts";

/** Interval at which the session is requested, ms, to learn whether the user's rights have changed. */
const SESSION_MS = 5000;

const titles: Readonly<Record<PageName, Text>> = {
  overview: "Overview",
  streams: "Streams",
  clients: "Clients",
  relays: "Relays",
  health: "Health",
  config: "Configuration",
  log: "Log",
  actions: "Who did what",
};

/** The whole console. */
export function App() {
  const preferences = usePreferences();
  const standing = useStanding();
  const route = useRoute();
  const isOut = standing.kind === "out";
  const asked = usePolled<{ session: Session }>(isOut ? undefined : "/api/v1/session", SESSION_MS);
  const known = useRef<Session | undefined>(undefined);
  const loadedFrom = useRef<string | undefined>(undefined);
  if (isOut) known.current = undefined;
  else known.current = asked.data?.session ?? known.current;
  const session = known.current;
  loadedFrom.current ??= session?.version;
  useEffect(() => {
    document.title = `${t(titles[route.page])} – ${t("srs console")}`;
  }, [route.page, preferences.language]);
  if (isOut)
    return (
      <main class="alone">
        <SignIn reason={standing.reason} />
        <Settings preferences={preferences} />
      </main>
    );
  if (session === undefined)
    return (
      <main class="alone">
        <StandingBar standing={standing} />
        {standing.kind === "starting" && <p role="status">{t("Connecting to the server…")}</p>}
      </main>
    );
  return (
    <Signed
      session={session}
      route={route}
      preferences={preferences}
      standing={<StandingBar standing={standing} version={session.version} loadedFrom={loadedFrom.current} />}
    />
  );
}

interface SignedProps {
  readonly session: Session;
  readonly route: Route;
  readonly preferences: Preferences;
  readonly standing: preact.ComponentChildren;
}

function Signed({ session, route, preferences, standing }: SignedProps) {
  const content = useRef<HTMLElement>(null);
  const [before] = useState(() => ({ page: `${route.page} ${route.id}` }));
  // On a change of page, keyboard users continue at the content: before it is drawn, as what they do there must keep the focus.
  useLayoutEffect(() => {
    const page = `${route.page} ${route.id}`;
    if (before.page !== page) content.current?.focus();
    before.page = page;
  }, [route, before]);
  const { user, role } = session;
  return (
    <>
      <button type="button" class="skip" onClick={() => content.current?.focus()}>
        {t("Skip to content")}
      </button>
      <header>
        <p class="brand">{t("srs console")}</p>
        <nav aria-label={t("Main menu")}>
          {pages.map((page) => (
            <a key={page} href={addressOf(page)} aria-current={page === route.page ? "page" : undefined}>
              {t(titles[page])}
            </a>
          ))}
        </nav>
        <div class="who">
          <span>{t(role === "admin" ? "{user}, may change" : "{user}, may only see", { user: callerName(user) })}</span>
          {server.isSignedIn && (
            <button type="button" onClick={() => server.signOut()}>
              {t("Sign out")}
            </button>
          )}
        </div>
        <Settings preferences={preferences} />
      </header>
      {standing}
      <main id="content" ref={content} tabIndex={-1}>
        <Guarded key={`${route.page} ${route.id}`}>
          <Content session={session} route={route} />
        </Guarded>
      </main>
    </>
  );
}

/** A page, or a sentence in its place if it throws on a server's answer, so that other pages can still be used. */
function Guarded({ children }: { children: preact.ComponentChildren }) {
  const [error] = useErrorBoundary();
  if (error === undefined) return <>{children}</>;
  return (
    <p role="alert" class="bad">
      {t("What the server says is not shown: it may be of another version.")} <code>{shown(String(error))}</code>{" "}
      <button type="button" onClick={() => location.reload()}>
        {t("Load the console again")}
      </button>
    </p>
  );
}

function Content({ session, route: { page, id, params } }: { session: Session; route: Route }) {
  const canChange = session.role === "admin";
  const stream = params.get("stream") ?? "";
  switch (page) {
    case "overview":
      return <OverviewPage />;
    case "streams":
      return id === "" ? <StreamsPage params={params} /> : <StreamPage key={id} id={id} session={session} />;
    case "clients":
      if (id !== "") return <ClientPage id={id} canChange={canChange} />;
      return <ClientsPage key={stream} stream={stream} canChange={canChange} />;
    case "relays":
      return <RelaysPage key={stream} stream={stream} canChange={canChange} />;
    case "health":
      return <HealthPage />;
    case "config":
      return <ConfigPage canChange={canChange} />;
    case "log":
      return <LogPage />;
    case "actions":
      return <ActionsPage />;
  }
}
