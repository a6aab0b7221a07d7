/**
 * Two test projects: `node` for everything that needs no platform, `workerd` for what does.
 *
 * The workerd tests run inside the Worker of wrangler.toml, with its Durable Objects on SQLite.
 */
import { fileURLToPath } from "node:url";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

const registeredInTests = fileURLToPath(new URL("test/workerd/registered-functions.ts", import.meta.url));

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "node",
          environment: "node",
          include: ["test/**/*.test.ts"],
          exclude: ["test/workerd/**", "node_modules/**"],
        },
      },
      {
        resolve: { alias: [{ find: /^.*\/functions\/registered\.ts$/, replacement: registeredInTests }] },
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            // As in a local start; tests of the token call the Worker with variables of their own.
            miniflare: { bindings: { MILLRACE_LOCAL: "1" } },
          }),
        ],
        test: {
          name: "workerd",
          include: ["test/workerd/**/*.test.ts"],
        },
      },
    ],
  },
});
