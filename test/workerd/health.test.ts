/** The Worker answers over HTTP inside workerd. */
import { exports } from "cloudflare:workers";
import { expect, test } from "vitest";

test("health answers while the Worker is up", async () => {
  const response = await exports.default.fetch("http://localhost/v1/health");
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ status: "ok" });
});
