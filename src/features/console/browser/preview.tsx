import { useEffect, useState } from "preact/hooks";
import type { Session, StreamAnswer } from "./api-answers.ts";
import { shown } from "./format.ts";
import { previewAddress } from "./preview-address.ts";
import { t } from "./words.ts";

/** A stream's page in a frame, which plays what viewers get. */
export function Preview({ stream, session }: { stream: StreamAnswer; session: Session }) {
  const [isShown, setShown] = useState(false);
  const isBlocked = useBlockedFrame();
  const address = previewAddress(stream, session.viewers, location);
  const name = shown(stream.url);
  if (address === undefined)
    return <p class="soft">{t("There is no preview: the server has no http_server for a page like this one.")}</p>;
  return (
    <>
      <p class="buttons">
        <button type="button" aria-expanded={isShown} onClick={() => setShown(!isShown)}>
          {t(isShown ? "Hide the preview" : "Show the preview")}
        </button>
        <a href={address} target="_blank" rel="noopener noreferrer">
          {t("The stream's page")}
        </a>
      </p>
      <p class="soft">
        {t("The preview is a viewer like any other: it counts, and rules on who may watch hold for it.")}
      </p>
      {isShown && isBlocked && (
        <p role="alert" class="bad">
          {t("The server's addresses for viewers have changed since the console was loaded.")}{" "}
          <button type="button" onClick={() => location.reload()}>
            {t("Load the console again")}
          </button>
        </p>
      )}
      {isShown && (
        <iframe
          title={t("Preview of {name}", { name })}
          src={address}
          sandbox="allow-scripts allow-same-origin"
          allow="autoplay; fullscreen"
          referrerpolicy="no-referrer"
        />
      )}
    </>
  );
}

/** Whether the browser has blocked a frame: the console's policy allows only the addresses known when it was loaded. */
function useBlockedFrame(): boolean {
  const [isBlocked, setBlocked] = useState(false);
  useEffect(() => {
    const onViolation = ({ effectiveDirective }: SecurityPolicyViolationEvent) => {
      if (effectiveDirective === "frame-src") setBlocked(true);
    };
    document.addEventListener("securitypolicyviolation", onViolation);
    return () => document.removeEventListener("securitypolicyviolation", onViolation);
  }, []);
  return isBlocked;
}
