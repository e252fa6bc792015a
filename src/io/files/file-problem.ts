import { accessSync, constants, statSync } from "node:fs";
import { dirname } from "node:path";
import { errorCode } from "../os/socket-errors.ts";
import { reasonOf } from "./file.ts";

/**
 * Why this process could not read a file, or write it (creating it if necessary), or `make` it with its folders, or read the
 * files of a `folder`; undefined when it could. Changes nothing.
 */
export function fileProblem(path: string, use: "read" | "write" | "make" | "folder"): string | undefined {
  try {
    if (use === "folder") return readableFolderProblem(path);
    if (use === "read") accessSync(path, constants.R_OK);
    else if (!isThere(path)) return folderProblem(dirname(path), use);
    else accessSync(path, constants.W_OK);
    return statSync(path).isDirectory() ? "it is a directory" : undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

function readableFolderProblem(path: string): string | undefined {
  if (!statSync(path).isDirectory()) return "it is not a directory";
  accessSync(path, constants.R_OK | constants.X_OK);
  return undefined;
}

function folderProblem(folder: string, use: "write" | "make"): string | undefined {
  if (isThere(folder)) {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return statSync(folder).isDirectory() ? undefined : `${folder} is not a directory`;
  }
  if (use === "write") return `there is no directory ${folder}`;
  return folder === dirname(folder) ? undefined : folderProblem(dirname(folder), use);
}

function isThere(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw error;
  }
}
