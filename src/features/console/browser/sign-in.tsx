import { useEffect, useRef, useState } from "preact/hooks";
import { CallError } from "./api-client.ts";
import { shown } from "./format.ts";
import { server } from "./server.ts";
import { t } from "./words.ts";

/** Asks for a user's name and password. `reason`: why the user before was signed out; "" at first. */
export function SignIn({ reason }: { reason: string }) {
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);
  const name = useRef<HTMLInputElement>(null);
  const password = useRef<HTMLInputElement>(null);
  useEffect(() => name.current?.focus(), []);
  const submit = async (): Promise<void> => {
    setBusy(true);
    setProblem("");
    try {
      await server.signIn(name.current?.value ?? "", password.current?.value ?? "");
    } catch (error) {
      const { status, message } = error instanceof CallError ? error : { status: 0, message: String(error) };
      if (status === 401) setProblem(t("The name or the password is wrong."));
      else setProblem(shown(message) || t("The server does not answer."));
      password.current?.select();
    }
    setBusy(false);
  };
  const told = problem || (reason === "" ? "" : t("The server no longer accepts the sign-in."));
  return (
    <form
      class="sign-in"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <h1>{t("srs console")}</h1>
      <p class="soft">{t("A user of http_api signs in here.")}</p>
      <label class="field">
        <span>{t("Name")}</span>
        <input ref={name} name="username" autocomplete="username" autocapitalize="none" spellcheck={false} required />
      </label>
      <label class="field">
        <span>{t("Password")}</span>
        <input ref={password} name="password" type="password" autocomplete="current-password" required />
      </label>
      <p role="alert" class="telling bad">
        {told}
      </p>
      <button type="submit" class="primary" disabled={isBusy}>
        {t(isBusy ? "Signing in…" : "Sign in")}
      </button>
    </form>
  );
}
