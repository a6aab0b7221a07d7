import { expect, test } from "vitest";
import { JSON_DEPTH_MAX } from "../../../assembly/json/abi.ts";
import { recordDepthMax } from "../../../src/base/limits.ts";

test("the depth that is documented is the decoder's", () => {
  expect(recordDepthMax).toBe(JSON_DEPTH_MAX);
});
