/** docs/http-api.md lists every error code under its status. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { errorCodes } from "../../src/base/error-codes.ts";
import { repositoryRoot } from "./markdown.ts";

test("the table of error codes is complete", () => {
  const text = readFileSync(join(repositoryRoot, "docs/http-api.md"), "utf8");
  const rows = [...text.matchAll(/^\| (\d{3}) \| (.*) \|$/gm)];
  const listed = rows.flatMap(([, status, codes]) =>
    [...(codes ?? "").matchAll(/`([A-Z_]+)`/g)].map(([, code]) => `${code} ${status}`),
  );
  const declared = Object.entries(errorCodes).map(([code, { status }]) => `${code} ${status}`);
  expect(listed.sort()).toEqual(declared.sort());
});
