import { quote } from "../show.ts";
import type { Directive } from "./directive.ts";
import { type Scope, wordIn, wordOf } from "./mapping.ts";

/** What a directive means here. */
export interface Rule {
  readonly kind: "key" | "as it is" | "ignored" | "left out" | "refused" | "error" | "block";
  /** The directive's treatment, as the documents state it. */
  readonly becomes: string;
  /** A block whose directives have rules of their own; "switched": they count only if `enabled on;` is among them. */
  readonly opens?: "always" | "switched" | "vhost";
  /** The feature's name for `--ignore`, if the server can start without it. */
  readonly ignore?: string;
  /** Why a block that is switched on is left out nevertheless; undefined if it is not. */
  whyLeftOut?(directive: Directive, scope: Scope): string | undefined;
  /** Not called for a block that opens. */
  apply(directive: Directive, scope: Scope): void;
}

/** A rule for a directive that equals one of our keys, in the block's table. */
export function key(...path: string[]): Rule {
  return {
    kind: "key",
    becomes: `\`${path.join(".")}\``,
    apply: (directive, { mapping, path: table }) => mapping.set([...table, ...path], directive),
  };
}

/** A rule with its own function; `becomes` describes it. */
export function mapped(becomes: string, apply: Rule["apply"]): Rule {
  return { kind: "key", becomes, apply };
}

/** A rule for a directive whose one word is another word in our key; `becomes` names it. */
export function keyByWord(becomes: string, words: Readonly<Record<string, string>>, ...path: string[]): Rule {
  return mapped(becomes, (directive, { mapping, path: table }) => {
    const given = wordOf(directive);
    if (Object.hasOwn(words, given)) mapping.set([...table, ...path], directive, [words[given] ?? ""]);
    else mapping.error(directive, `must be ${Object.keys(words).join(", ")}, not ${quote(given)}`);
  });
}

/** The given rule, unless another directive of the block takes precedence. */
export function unless(other: string, isSo: (word: string) => boolean, rule: Rule): Rule {
  return {
    ...rule,
    apply(directive, scope) {
      const word = wordIn(scope.block, other);
      if (word === undefined || !isSo(word)) rule.apply(directive, scope);
      else scope.mapping.warn(directive, `ignored: ${other} goes before it, as in SRS`);
    },
  };
}

/** The directive requests what this server does anyway. */
export const asItIs: Rule = { kind: "as it is", becomes: "as it is", apply() {} };

/** The directive makes no difference to this server; a warning reports it once. */
export function unused(why: string): Rule {
  return {
    kind: "ignored",
    becomes: `ignored: ${why}`,
    apply: (directive, { mapping }) => mapping.warn(directive, `ignored: ${why}`),
  };
}

/** As `unused`, but without a warning when the directive switches something off. */
export function unusedIfOn(why: string): Rule {
  const rule = unused(why);
  return {
    ...rule,
    apply(directive, scope) {
      const isOff = directive.body === undefined ? wordOf(directive) === "off" : !isOn(directive);
      if (!isOff) rule.apply(directive, scope);
    },
  };
}

/** A feature that this server lacks and can be left out; `instead` suggests a replacement. */
export function leftOut(feature: string, instead = "", options: { readonly ignore?: string } = {}): Rule {
  const reason = `this server has no ${feature}${instead === "" ? "" : `; ${instead}`}`;
  return {
    kind: "left out",
    becomes: `left out: no ${feature}${instead === "" ? "" : `; ${instead}`}`,
    ...options,
    apply(directive, { mapping }) {
      if (isUsed(directive)) mapping.leaveOut(directive, reason);
    },
  };
}

interface Refusal {
  /** The feature's name for `--ignore`. */
  readonly ignore: string;
  /** "DVR". */
  readonly feature: string;
  /** The consequence of its absence: "nothing would be recorded". */
  readonly without: string;
  /** What to do in its place. */
  readonly instead?: string;
  /** Whether the directive requests the feature. */
  isUsed?(directive: Directive): boolean;
}

/** A feature that this server lacks, and that the operator must explicitly give up. */
export function refused({ ignore, feature, without, instead, isUsed: asks = isUsed }: Refusal): Rule {
  const reason = `this server has no ${feature}, so ${without}`;
  return {
    kind: "refused",
    becomes: `refused: without ${feature} ${without}`,
    ignore,
    apply(directive, { mapping }) {
      if (!asks(directive)) return;
      if (mapping.isIgnored(ignore)) return mapping.leaveOut(directive, reason);
      const hint = instead === undefined ? "remove it" : instead;
      mapping.error(directive, `${reason}; ${hint}, or start without it: --ignore ${ignore}`);
    },
  };
}

/** A block whose directives have the same meaning as outside it. */
export const block: Rule = { kind: "block", becomes: "", opens: "always", apply() {} };

/** A block that counts only with `enabled on;` in it. */
export const switchedBlock: Rule = { kind: "block", becomes: "", opens: "switched", apply() {} };

/** Whether a directive, or its block, is switched on. */
export function isOn(directive: Directive): boolean {
  if (directive.body === undefined) return wordOf(directive) === "on";
  // SRS reads the first of several with this name.
  return wordIn(directive.body, "enabled") === "on";
}

/** Whether a feature is requested: by one word other than "off", or by a block that is switched on. */
function isUsed(directive: Directive): boolean {
  return directive.body === undefined ? wordOf(directive) !== "off" : isOn(directive);
}
