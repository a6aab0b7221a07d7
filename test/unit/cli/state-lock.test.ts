/** One server per state folder, also after a kill -9. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  endProcesses,
  leaveFolder,
  leftBehind,
  listProcesses,
  ownsFolder,
  type Process,
  runningServer,
  takeFolder,
} from "../../../src/cli/state-lock.ts";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-lock-"));
  writeFileSync(join(folder, "server.json"), JSON.stringify({ pid: 70, port: 8787 }));
});

afterEach(() => rmSync(folder, { recursive: true }));

const server: Process = { pid: 70, parentPid: 1, command: "node src/cli/start.ts" };
const workerd = (pid: number, parentPid: number, port: number): Process => ({
  pid,
  parentPid,
  command: `/packages/workerd serve --socket-addr=entry=127.0.0.1:${port} --control-fd=3 -`,
});

test("a server that lives keeps the folder and its workerd", () => {
  const processes = [server, workerd(71, 70, 8787)];
  expect(runningServer(folder, processes)).toEqual({ pid: 70, port: 8787 });
  expect(leftBehind(folder, processes)).toEqual([]);
});

test("a killed one leaves its workerd behind, whoever has become its parent", () => {
  const processes = [workerd(71, 1, 8787), workerd(72, 44, 8787)];
  expect(runningServer(folder, processes)).toBeUndefined();
  expect(leftBehind(folder, processes).map(({ pid }) => pid)).toEqual([71, 72]);
});

test("its process id may by now be another program's", () => {
  const other = { pid: 70, parentPid: 1, command: "vim notes.txt" };
  expect(runningServer(folder, [other])).toBeUndefined();
});

test("a workerd at another port or under another living server is left alone", () => {
  const other = { pid: 80, parentPid: 1, command: "node /elsewhere/src/cli/start.ts" };
  expect(
    leftBehind(folder, [other, workerd(81, 80, 8787), workerd(82, 1, 87870), workerd(83, 1, 878)]),
  ).toEqual([]);
});

test("no record, or a damaged one, means nobody was here", () => {
  writeFileSync(join(folder, "server.json"), "{");
  expect(runningServer(folder, [server])).toBeUndefined();
  expect(leftBehind(folder, [workerd(71, 1, 8787)])).toEqual([]);
});

test("a folder that was taken is given back, but not by one that lost it", () => {
  takeFolder(folder, 9000);
  expect(ownsFolder(folder)).toBe(true);
  writeFileSync(join(folder, "server.json"), JSON.stringify({ pid: 70, port: 8787 }));
  leaveFolder(folder);
  expect(runningServer(folder, [server])).toEqual({ pid: 70, port: 8787 });
  takeFolder(folder, 9000);
  leaveFolder(folder);
  expect(ownsFolder(folder)).toBe(false);
});

test("processes of this machine are listed and ended", async () => {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)", "millrace-lock-test"]);
  const find = () => listProcesses().filter(({ command }) => command.includes("millrace-lock-test"));
  expect(find()).toMatchObject([{ pid: child.pid, parentPid: process.pid }]);
  await endProcesses(find());
  expect(find()).toEqual([]);
});
