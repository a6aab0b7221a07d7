/**
 * A lock between processes: a folder that one of them manages to create.
 *
 * The holder's process id is written inside, so a lock whose holder died is taken over instead of waited for.
 */
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const retryMs = 100;
const namelessMsMax = 5_000;

/** Runs `action` while no other process holds the lock at `path`. */
export function withLock(path, action) {
  while (!tryAcquire(path)) {
    if (isAbandoned(path)) rmSync(path, { recursive: true, force: true });
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, retryMs);
  }
  try {
    return action();
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

function tryAcquire(path) {
  try {
    mkdirSync(path);
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
  writeFileSync(join(path, "pid"), String(process.pid));
  return true;
}

function isAbandoned(path) {
  try {
    const pid = Number(readFileSync(join(path, "pid"), "utf8"));
    if (pid > 0) return !isAlive(pid);
  } catch {
    // No process id yet: its holder is about to write one, unless it died just there.
  }
  try {
    return Date.now() - statSync(path).mtimeMs > namelessMsMax;
  } catch {
    return false;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}
