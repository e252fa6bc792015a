// Loaded before the tests by bunfig.toml: a file that is run by itself has the same limit as in the gate, where Bun's own
// 5 s would be a measure of the machine.
import { setDefaultTimeout } from "bun:test";
import { TEST_LIMIT_MS } from "./limits.ts";

setDefaultTimeout(TEST_LIMIT_MS);
