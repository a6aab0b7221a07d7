/** What `npm start` can be told. */
import { expect, test } from "vitest";
import { helpText, readOptions } from "../../../src/cli/options.ts";

test("without arguments it takes port 8787, .millrace and the demo", () => {
  const options = { port: 8787, stateFolder: "/work/.millrace", hasDemo: true };
  expect(readOptions([], "/work")).toEqual({ kind: "Run", options });
});

test("port, folder and demo can be chosen", () => {
  const options = { port: 9000, stateFolder: "/data", hasDemo: false };
  expect(readOptions(["--port", "9000", "--state", "/data", "--no-demo"], "/work")).toEqual({
    kind: "Run",
    options,
  });
});

test("--help wins", () => {
  expect(readOptions(["--port", "x", "--help"], "/work")).toEqual({ kind: "Help" });
});

test.each([[["--port", "http"]], [["--port", "70000"]], [["--sate", "x"]], [["extra"]]])(
  "%j is refused with the help",
  (args) => {
    const command = readOptions(args, "/work");
    expect(command.kind === "Refuse" ? command.message : "").toContain(helpText);
  },
);
